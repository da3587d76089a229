using System.Text;

namespace Espalier.Models.Grammars.Strings;

/// <summary>What stands for one character in a regular expression of ECMA-262 (22.2.1): itself, an escape, a class in brackets.</summary>
internal static class PatternClasses
{
    private static readonly PointSet s_digits = PointSet.Of(('0', '9'));
    private static readonly PointSet s_word = PointSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));

    // WhiteSpace and LineTerminator: 12.2 and 12.3.
    private static readonly PointSet s_space = PointSet.Of(('\t', '\r'), (0xFEFF, 0xFEFF), (0x2028, 0x2029)) | PointSet.OfCategory("Zs")!;

    /// <summary><c>.</c>: all but the ends of lines.</summary>
    public static PointSet NoLineEnd { get; } = ~PointSet.Of("\n\r\u2028\u2029");

    /// <summary>A character or an escape outside of a class.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Where it begins, and then where it ends.</param>
    /// <param name="errors">Makes the errors.</param>
    public static PointSet Character(string text, ref int at, PatternErrors errors) =>
        Single(text, ref at, errors, inClass: false, out var point) ?? PointSet.Of((point, point));

    /// <summary>A class, from its first bracket on.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="at">Where it begins, and then where it ends.</param>
    /// <param name="errors">Makes the errors.</param>
    public static PointSet Class(string text, ref int at, PatternErrors errors)
    {
        var isNegated = ++at < text.Length && text[at] == '^';
        if (isNegated)
            at++;
        var set = PointSet.None;
        while (at < text.Length && text[at] != ']')
            set |= Member(text, ref at, errors);
        if (at++ >= text.Length)
            throw errors.Malformed("a '[' is not closed");
        return isNegated ? ~set : set;
    }

    private static PointSet Member(string text, ref int at, PatternErrors errors)
    {
        var set = Single(text, ref at, errors, inClass: true, out var first);
        if (at + 1 >= text.Length || text[at] != '-' || text[at + 1] == ']')
            return set ?? PointSet.Of((first, first));
        at++;
        if (Single(text, ref at, errors, inClass: true, out var last) is not null || set is not null)
            throw errors.Malformed("a range begins or ends with a class");
        return last >= first ? PointSet.Of((first, last)) : throw errors.Malformed("a range ends before its start");
    }

    // A set, or null and the one character.
    private static PointSet? Single(string text, ref int at, PatternErrors errors, bool inClass, out int point)
    {
        if (text[at] != '\\')
        {
            point = char.IsSurrogatePair(text, at) ? char.ConvertToUtf32(text, at) : text[at];
            at += point > 0xFFFF ? 2 : 1;
            return char.IsSurrogate((char)point) && point <= 0xFFFF ? throw errors.Unsupported("half of a surrogate pair") : null;
        }
        if (++at == text.Length)
            throw errors.Malformed("it ends with a '\\'");
        var c = text[at++];
        point = c switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            '0' when at == text.Length || !char.IsAsciiDigit(text[at]) => 0,
            'b' when inClass => '\b',
            'c' when at < text.Length && char.IsAsciiLetter(text[at]) => text[at++] & 31,
            'x' => Hexadecimal(text, ref at, 2, errors),
            'u' => Unicode(text, ref at, errors),
            _ when char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) => c,
            _ => -1,
        };
        return point >= 0 ? null : c switch
        {
            'd' => s_digits,
            'D' => ~s_digits,
            'w' => s_word,
            'W' => ~s_word,
            's' => s_space,
            'S' => ~s_space,
            'p' => Property(text, ref at, errors),
            'P' => ~Property(text, ref at, errors),
            _ when char.IsAsciiDigit(c) || c is 'b' or 'B' or 'k' => throw errors.Unsupported($"'\\{c}'"),
            _ => throw errors.Malformed($"'\\{c}' means nothing"),
        };
    }

    private static PointSet Property(string text, ref int at, PatternErrors errors)
    {
        var end = at < text.Length && text[at] == '{' ? text.IndexOf('}', at) : -1;
        if (end < 0)
            throw errors.Malformed("a '\\p' has no name in braces");
        var name = text[(at + 1)..end];
        at = end + 1;
        return PointSet.OfCategory(name) ?? throw errors.Unsupported($"'\\p{{{name}}}', no general category of one letter or two");
    }

    private static int Unicode(string text, ref int at, PatternErrors errors)
    {
        if (at < text.Length && text[at] == '{')
        {
            var end = text.IndexOf('}', at);
            var digits = end < 0 ? "" : text[(at + 1)..end];
            at = end + 1;
            return digits.Length is > 0 and <= 8
                && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                && Rune.IsValid(value) ? value : throw errors.Malformed("an escape is not a character's code");
        }
        var unit = Hexadecimal(text, ref at, 4, errors);
        if (char.IsHighSurrogate((char)unit) && string.CompareOrdinal(text, at, "\\u", 0, 2) == 0)
        {
            at += 2;
            var low = Hexadecimal(text, ref at, 4, errors);
            if (char.IsLowSurrogate((char)low))
                return char.ConvertToUtf32((char)unit, (char)low);
        }
        return char.IsSurrogate((char)unit) ? throw errors.Unsupported("half of a surrogate pair") : unit;
    }

    private static int Hexadecimal(string text, ref int at, int digits, PatternErrors errors)
    {
        var part = at + digits <= text.Length ? text.Substring(at, digits) : "";
        at += digits;
        return part.All(char.IsAsciiHexDigit) && part.Length > 0 ? Convert.ToInt32(part, 16)
            : throw errors.Malformed("an escape is not a character's code");
    }
}
