using System.Text;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>A set of code points: a table for the basic plane, filled where it is looked at, and the rule itself for the others.</summary>
internal sealed class CodePointSet(Func<int, bool> rule)
{
    private readonly ulong[] _basic = new ulong[0x10000 / 64];
    private readonly bool[] _known = new bool[0x10000 / 64];

    public bool Contains(int point)
    {
        if (point >= 0x10000)
            return rule(point);
        if (!Volatile.Read(ref _known[point >> 6]))
            Fill(point >> 6);
        return (_basic[point >> 6] >> point & 1) != 0;
    }

    // Two threads may write the same.
    private void Fill(int word)
    {
        var members = 0UL;
        for (var i = 0; i < 64; i++)
            if (rule(word * 64 + i))
                members |= 1UL << i;
        _basic[word] = members;
        Volatile.Write(ref _known[word], true);
    }

    /// <summary>
    /// The end of the run of members that starts at <paramref name="index"/>, of at most <paramref name="most"/> of them.
    /// </summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="index">A place between two characters.</param>
    /// <param name="most">How many at most.</param>
    public int Skip(ReadOnlySpan<char> text, int index, int most)
    {
        for (; most > 0 && index < text.Length; most--)
        {
            var point = At(text, index, out var length);
            if (!Contains(point))
                break;
            index += length;
        }
        return index;
    }

    /// <summary>The code point at a place, and its UTF-16 units.</summary>
    public static int At(ReadOnlySpan<char> text, int index, out int length)
    {
        var unit = text[index];
        if (!char.IsHighSurrogate(unit) || index + 1 == text.Length)
        {
            length = 1;
            return unit;
        }
        length = 2;
        return char.ConvertToUtf32(unit, text[index + 1]);
    }

    /// <summary>The code point before a place that is not the first.</summary>
    public static int Before(ReadOnlySpan<char> text, int index) =>
        index > 1 && char.IsLowSurrogate(text[index - 1]) && char.IsHighSurrogate(text[index - 2])
            ? char.ConvertToUtf32(text[index - 2], text[index - 1]) : text[index - 1];

    /// <summary>The rule of <c>\p{NAME}</c> for a general category, of one letter or two; null for any other name.</summary>
    public static Func<int, bool>? OfCategory(string name)
    {
        if (name.Length is < 1 or > 2)
            return null;
        var members = Enum.GetValues<UnicodeCategory>().Where(category => Short(category).StartsWith(name, StringComparison.Ordinal))
            .Aggregate(0u, static (all, category) => all | 1u << (int)category);
        return members == 0 ? null : point => (members >> (int)CharUnicodeInfo.GetUnicodeCategory(point) & 1) != 0;
    }

    /// <summary>
    /// <c>\w</c> of Oniguruma: letters, marks, decimal digits, letter numbers, joining punctuation, letters in circles and squares, and
    /// those other numbers that lie in Latin-1.
    /// </summary>
    public static bool IsWord(int point) => CharUnicodeInfo.GetUnicodeCategory(point) switch
    {
        <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        _ => point is 0xB2 or 0xB3 or 0xB9 or (>= 0xBC and <= 0xBE) or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149)
            or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189),
    };

    /// <summary><c>\s</c>, the property White_Space.</summary>
    public static bool IsSpace(int point) => Rune.IsValid(point) && Rune.IsWhiteSpace(new(point));

    // In the order of the enumeration.
    private static string Short(UnicodeCategory category) => "LuLlLtLmLoMnMcMeNdNlNoZsZlZpCcCfCsCoPcPdPsPePiPfPoSmScSkSoCn"
        .Substring(2 * (int)category, 2);
}
