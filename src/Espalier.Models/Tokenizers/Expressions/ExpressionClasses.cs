using System.Text;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>Reads what stands for one character: itself, an escape, a class in brackets.</summary>
internal sealed class ExpressionClasses(string text, Func<string, EspalierException> refuse)
{
    /// <summary>A character that stands for itself.</summary>
    public CodePointSet Literal(int point, bool ignoreCase) => new(Folded(p => p == point, ignoreCase, point, point));

    /// <summary>What follows a backslash, outside of a class.</summary>
    public CodePointSet Escape(ref int at, bool ignoreCase)
    {
        var set = Escaped(ref at, ignoreCase, out var point);
        return point is { } known ? Literal(known, ignoreCase) : new(set!);
    }

    /// <summary>A class; its first bracket has been read.</summary>
    public CodePointSet Class(ref int at, bool ignoreCase) => new(Members(ref at, ignoreCase, 0));

    private Func<int, bool> Members(ref int at, bool ignoreCase, int depth)
    {
        if (depth > 8)
            throw refuse("classes more than 8 deep");
        var negated = at < text.Length && text[at] == '^';
        if (negated)
            at++;
        var (parts, before, empty) = (new List<Func<int, bool>>(), (Func<int, bool>?)null, true);
        while (at < text.Length && (text[at] != ']' || empty))
        {
            if (text[at] == ']')
                throw refuse("a ']' that begins a class");
            empty = false;
            if (string.CompareOrdinal(text, at, "&&", 0, 2) == 0)
            {
                at += 2;
                before = And(before, Any(parts));
                parts = [];
                continue;
            }
            if (string.CompareOrdinal(text, at, "[:", 0, 2) == 0)
                throw refuse($"'{text[at..Math.Min(text.Length, at + 4)]}', a named class");
            if (text[at] == '[')
            {
                at++;
                parts.Add(Members(ref at, ignoreCase, depth + 1));
                continue;
            }
            parts.Add(Member(ref at, ignoreCase));
        }
        if (at++ >= text.Length)
            throw refuse("a '[' that is not closed");
        var members = And(before, Any(parts));
        return negated ? point => !members(point) : members;
    }

    private Func<int, bool> Member(ref int at, bool ignoreCase)
    {
        if (Single(ref at, ignoreCase, out var first) is { } set)
            return set;
        if (at + 1 >= text.Length || text[at] != '-' || text[at + 1] == ']')
            return Folded(point => point == first, ignoreCase, first, first);
        at++;
        if (text[at] == '[' || Single(ref at, ignoreCase, out var last) is not null)
            throw refuse("a range that ends in a class");
        return last >= first ? Folded(point => point >= first && point <= last, ignoreCase, first, last)
            : throw refuse("a range whose end is before its start");
    }

    private Func<int, bool>? Single(ref int at, bool ignoreCase, out int point)
    {
        var c = text[at++];
        if (c == '\\')
        {
            var set = Escaped(ref at, ignoreCase, out var known);
            point = known ?? 0;
            return set;
        }
        point = char.IsHighSurrogate(c) && at < text.Length ? char.ConvertToUtf32(c, text[at++]) : c;
        return null;
    }

    // A set, or the one character that the escape stands for.
    private Func<int, bool>? Escaped(ref int at, bool ignoreCase, out int? point)
    {
        if (at == text.Length)
            throw refuse("a '\\' at the end");
        var c = text[at++];
        point = c switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'f' => '\f',
            'v' => '\v',
            'a' => '\a',
            'e' => 0x1B,
            'x' => Hexadecimal(ref at, 2),
            'u' => Hexadecimal(ref at, 4),
            _ when char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) => c,
            _ => null,
        };
        if (point is not null)
            return null;
        return c switch
        {
            's' => CodePointSet.IsSpace,
            'S' => static point => !CodePointSet.IsSpace(point),
            'd' => static point => IsDigit(point),
            'D' => static point => !IsDigit(point),
            'w' => CodePointSet.IsWord,
            'W' => static point => !CodePointSet.IsWord(point),
            'h' => static point => point < 128 && char.IsAsciiHexDigit((char)point),
            'H' => static point => point >= 128 || !char.IsAsciiHexDigit((char)point),
            'p' => Property(ref at, ignoreCase, false),
            'P' => Property(ref at, ignoreCase, true),
            _ => throw refuse($"'\\{c}'"),
        };
    }

    private Func<int, bool> Property(ref int at, bool ignoreCase, bool negated)
    {
        var end = at < text.Length && text[at] == '{' ? text.IndexOf('}', at) : -1;
        if (end < 0)
            throw refuse("'\\p' without a name in braces");
        var name = text[(at + 1)..end];
        at = end + 1;
        if (name.StartsWith('^'))
            (name, negated) = (name[1..], !negated);
        var rule = name == "Han" ? IsHan : CodePointSet.OfCategory(name)
            ?? throw refuse($"'\\p{{{name}}}', which is not a general category");
        if (ignoreCase && name.Length == 2 && name[0] == 'L')
            throw refuse($"'\\p{{{name}}}' ignoring case");
        return negated ? point => !rule(point) : rule;
    }

    private int Hexadecimal(ref int at, int digits)
    {
        var braces = at < text.Length && text[at] == '{' && digits == 2;
        var end = braces ? text.IndexOf('}', at) : Math.Min(text.Length, at + digits);
        var part = end < 0 ? "" : text[(braces ? at + 1 : at)..end];
        at = braces ? end + 1 : end;
        return part.Length > 0 && (braces || part.Length == digits)
            && int.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && Rune.IsValid(value)
            && (braces || digits == 4 || value < 128) ? value : throw refuse("an escape that is not a character's code");
    }

    /// <summary>Oniguruma's simple folding, for the letters of ASCII, to which two characters outside of it fold.</summary>
    private Func<int, bool> Folded(Func<int, bool> rule, bool ignoreCase, int first, int last)
    {
        if (!ignoreCase)
            return rule;
        if (last >= 128)
            throw refuse("characters outside of ASCII ignoring case");
        return first > 'z' || last < 'A' ? rule : point => rule(point) || point switch
        {
            0x17F => rule('s') || rule('S'),
            0x212A => rule('k') || rule('K'),
            _ => point < 128 && char.IsAsciiLetter((char)point) && rule(point ^ 0x20),
        };
    }

    private static bool IsDigit(int point) => CharUnicodeInfo.GetUnicodeCategory(point) == UnicodeCategory.DecimalDigitNumber;

    // Unicode 16's Scripts.txt.
    private static bool IsHan(int point) => point is (>= 0x2E80 and <= 0x2E99) or (>= 0x2E9B and <= 0x2EF3) or (>= 0x2F00 and <= 0x2FD5)
        or 0x3005 or 0x3007 or (>= 0x3021 and <= 0x3029) or (>= 0x3038 and <= 0x303B) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFA6D) or (>= 0xFA70 and <= 0xFAD9) or (>= 0x16FE2 and <= 0x16FE3)
        or (>= 0x16FF0 and <= 0x16FF1) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B739) or (>= 0x2B740 and <= 0x2B81D)
        or (>= 0x2B820 and <= 0x2CEA1) or (>= 0x2CEB0 and <= 0x2EBE0) or (>= 0x2EBF0 and <= 0x2EE5D) or (>= 0x2F800 and <= 0x2FA1D)
        or (>= 0x30000 and <= 0x3134A) or (>= 0x31350 and <= 0x323AF);

    private static Func<int, bool> Any(List<Func<int, bool>> parts) => parts is [var single] ? single : point =>
    {
        foreach (var part in parts)
            if (part(point))
                return true;
        return false;
    };

    private static Func<int, bool> And(Func<int, bool>? left, Func<int, bool> right) =>
        left is null ? right : point => left(point) && right(point);
}
