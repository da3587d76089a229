using Espalier.Models.Tokenizers;

namespace Espalier.Models.Grammars;

/// <summary>
/// The tokens of a vocabulary in the order of their bytes, so that what no token with a beginning may do is found out once for all of
/// them. Special tokens, which stand for no text, are left out, but for marks that a grammar names. Safe for use from several threads.
/// </summary>
internal sealed class TokenTable
{
    // No text has such bytes: UTF-8 ends at 0xF4 (RFC 3629, section 1).
    private const int FirstMark = 0xF8, MostMarks = 8;

    private readonly byte[][] _bytes;
    private readonly int[] _ids;

    /// <summary>Of each how many bytes it has in common with the one before.</summary>
    private readonly int[] _shared;

    private readonly Dictionary<string, byte[]> _marks = [];

    /// <summary>Sorts them.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="rows">Ids that the model has logits for.</param>
    /// <param name="marks">Texts that are one token wherever the vocabulary has one for them, special or not.</param>
    public TokenTable(Tokenizer tokenizer, int rows, IReadOnlyList<string> marks)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(marks.Count, MostMarks);
        var bytes = new TokenBytes(tokenizer);
        var ids = Enumerable.Range(0, Math.Min(rows, tokenizer.VocabularySize));
        var ofMarks = ids.Where(id => bytes.Added(id) is { } added && marks.Contains(added.Content))
            .ToDictionary(static id => id, id => (byte)(FirstMark + IndexOf(marks, bytes.Added(id)!.Content)));
        foreach (var (id, mark) in ofMarks)
            _marks[bytes.Added(id)!.Content] = [mark];
        var tokens = ids.Where(id => ofMarks.ContainsKey(id) || !tokenizer.IsSpecial(id))
            .Select(id => (Id: id, Bytes: ofMarks.TryGetValue(id, out var mark) ? [mark] : bytes.Of(id)))
            .Where(token => token.Bytes is { Length: > 0 } && (ofMarks.ContainsKey(token.Id) || token.Bytes.All(static b => b < FirstMark)))
            .ToArray();
        Array.Sort(tokens, static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes));
        (Rows, _bytes, _ids) = (rows, [.. tokens.Select(static token => token.Bytes!)], [.. tokens.Select(static token => token.Id)]);
        Longest = _bytes.Length == 0 ? 0 : _bytes.Max(static token => token.Length);
        _shared = [.. _bytes.Select((token, i) => i == 0 ? 0 : _bytes[i - 1].AsSpan().CommonPrefixLength(token))];
    }

    /// <summary>Ids that the model has logits for.</summary>
    public int Rows { get; }

    /// <summary>Bytes of the longest token.</summary>
    public int Longest { get; }

    /// <summary>
    /// How a grammar writes a mark: a byte that only its token has, or its text where the vocabulary has no token for it.
    /// </summary>
    public GrammarNode Mark(string text) => _marks.TryGetValue(text, out var mark) ? JsonSyntax.Literal(mark) : JsonSyntax.Text(text);

    /// <summary>The bytes of each id; null where it stands for no text.</summary>
    public byte[]?[] ById()
    {
        var all = new byte[]?[Rows];
        for (var i = 0; i < _ids.Length; i++)
            all[_ids[i]] = _bytes[i];
        return all;
    }

    /// <summary>Which ids may come, a bit each: those whose bytes may all follow one after the other.</summary>
    public ulong[] Allowed(GrammarState start)
    {
        var allowed = new ulong[(Rows + 63) / 64];
        // states[d]: after d bytes of the token at hand; so many of them are there.
        var states = new GrammarState[1 + Longest];
        states[0] = start;
        for (var (i, known) = (0, 0); i < _bytes.Length; i++)
        {
            known = Math.Min(known, _shared[i]);
            // What failed at a byte fails for all that have the same bytes up to there.
            if (i > 0 && _shared[i] > known)
                continue;
            var token = _bytes[i];
            while (known < token.Length && states[known].After(token[known]) is { } next)
                states[++known] = next;
            if (known == token.Length)
                allowed[_ids[i] / 64] |= 1UL << (_ids[i] % 64);
        }
        return allowed;
    }

    private static int IndexOf(IReadOnlyList<string> marks, string mark)
    {
        for (var i = 0; i < marks.Count; i++)
            if (marks[i] == mark)
                return i;
        return -1;
    }
}
