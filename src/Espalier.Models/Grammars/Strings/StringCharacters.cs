namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// The characters of a set as they stand in a string of JSON: in UTF-8, with an escape where there must be one. Not for several threads.
/// </summary>
internal sealed class StringCharacters
{
    // 6 bits a byte after the first (RFC 3629, section 3).
    private const int Bits = 6;

    private readonly Dictionary<string, GrammarNode> _known = [];

    /// <summary>One character of a set.</summary>
    public GrammarNode Of(PointSet set)
    {
        var key = string.Join(',', set.Ranges);
        return _known.TryGetValue(key, out var known) ? known : _known[key] = Make(set);
    }

    private static GrammarNode Make(PointSet set)
    {
        if (set.Ranges.SequenceEqual(PointSet.All.Ranges))
            return JsonSyntax.Character;
        var parts = new List<GrammarNode>();
        var plain = default(ByteSet);
        for (var b = 0x20; b < 0x80; b++)
            if (b is not ('"' or '\\') && set.Has(b))
                plain |= ByteSet.Range(b, b);
        parts.Add(new GrammarByte(plain));
        parts.AddRange(Enumerable.Range(0, 0x20).Append('"').Append('\\').Where(set.Has).Select(Escaped));
        parts.AddRange(Longer(set, 0x80, 0x7FF, 0xC0, 1));
        parts.AddRange(Longer(set, 0x800, 0xFFFF, 0xE0, 2));
        parts.AddRange(Longer(set, 0x10000, 0x10FFFF, 0xF0, 3));
        return new GrammarChoice([.. parts.Where(static part => part is not GrammarByte { Set.IsEmpty: true })]);
    }

    private static GrammarNode Escaped(int point) => point switch
    {
        '"' or '\\' => JsonSyntax.Text($"\\{(char)point}"),
        '\b' => JsonSyntax.Text("\\b"),
        '\t' => JsonSyntax.Text("\\t"),
        '\n' => JsonSyntax.Text("\\n"),
        '\f' => JsonSyntax.Text("\\f"),
        '\r' => JsonSyntax.Text("\\r"),
        _ => JsonSyntax.Text($"\\u{point:x4}"),
    };

    private static IEnumerable<GrammarNode> Longer(PointSet set, int first, int last, int lead, int more)
    {
        var members = set & PointSet.Of((first, last));
        return members.IsEmpty ? [] : Cut(members.Ranges, more, lead);
    }

    // By the byte that comes first: bytes after which the same may come are one part.
    private static IEnumerable<GrammarNode> Cut(IReadOnlyList<(int First, int Last)> ranges, int more, int mark)
    {
        var width = 1 << Bits * more;
        var groups = new Dictionary<string, (ByteSet Bytes, List<(int, int)> After)>();
        foreach (var block in ranges.SelectMany(range => Blocks(range, width)).GroupBy(static one => one.Block))
        {
            var rest = block.Select(static one => (one.First, one.Last)).ToList();
            var (key, own) = (string.Join(',', rest), ByteSet.Range(mark + block.Key, mark + block.Key));
            groups[key] = (groups.TryGetValue(key, out var known) ? known.Bytes | own : own, rest);
        }
        return groups.Values.Select(group => more == 0 ? (GrammarNode)new GrammarByte(group.Bytes)
            : new GrammarSequence(new GrammarByte(group.Bytes), Choice([.. Cut(group.After, more - 1, 0x80)])));
    }

    private static GrammarNode Choice(GrammarNode[] parts) => parts is [var single] ? single : new GrammarChoice(parts);

    private static IEnumerable<(int Block, int First, int Last)> Blocks((int First, int Last) range, int width)
    {
        for (var block = range.First / width; block <= range.Last / width; block++)
            yield return (block, Math.Max(range.First, block * width) - block * width,
                Math.Min(range.Last, block * width + width - 1) - block * width);
    }
}
