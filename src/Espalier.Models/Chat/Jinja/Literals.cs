using System.Numerics;
using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>Numbers and texts as templates write them.</summary>
internal static class Literals
{
    /// <summary>Whether a character belongs to a word.</summary>
    public static bool IsWord(string source, int at) =>
        source[at] == '_' || char.IsLetterOrDigit(source[at]) || char.IsSurrogate(source[at])
        || char.GetUnicodeCategory(source[at]) is UnicodeCategory.NonSpacingMark
            or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>The length of the number that starts here, and whether it is a float; null where none does.</summary>
    public static (int Length, bool IsFloat)? Number(string source, int at)
    {
        if (!char.IsAsciiDigit(source[at]))
            return null;
        if (at == 0 || source[at - 1] != '.')
        {
            var whole = Digits(source, at, char.IsAsciiDigit);
            var end = whole;
            var isFloat = false;
            if (end + 1 < source.Length && source[end] == '.' && char.IsAsciiDigit(source[end + 1]))
                (end, isFloat) = (Digits(source, end + 1, char.IsAsciiDigit), true);
            if (end + 1 < source.Length && source[end] is 'e' or 'E')
            {
                var power = end + 1 < source.Length && source[end + 1] is '+' or '-' ? end + 2 : end + 1;
                if (power < source.Length && char.IsAsciiDigit(source[power]))
                    (end, isFloat) = (Digits(source, power, char.IsAsciiDigit), true);
            }
            if (isFloat)
                return (end - at, true);
        }
        if (source[at] != '0')
            return (Digits(source, at, char.IsAsciiDigit) - at, false);
        if (at + 2 < source.Length)
        {
            Func<char, bool>? isDigit = source[at + 1] switch
            {
                'x' or 'X' => char.IsAsciiHexDigit,
                'o' or 'O' => static c => c is >= '0' and <= '7',
                'b' or 'B' => static c => c is '0' or '1',
                _ => null,
            };
            var first = source[at + 2] == '_' ? at + 3 : at + 2;
            if (isDigit is not null && first < source.Length && isDigit(source[first]))
                return (Digits(source, first, isDigit) - at, false);
        }
        return (Digits(source, at, static c => c == '0') - at, false);
    }

    public static object Integer(string text, int line)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        if (digits.Length > 4300)
            throw new TemplateFault("a number has more than 4300 digits") { Line = line };
        var radix = digits.Length < 2 ? 10 : char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        var value = BigInteger.Zero;
        foreach (var c in radix == 10 ? digits : digits[2..])
            value = value * radix + Convert.ToInt32(c.ToString(), 16);
        return PythonNumbers.Normal(value);
    }

    public static double Float(string text) => double.Parse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    /// <summary>A text in quotes with its escapes resolved; a backslash before any other character stays.</summary>
    public static string Unescape(string text, int line)
    {
        if (!text.Contains('\\'))
            return text;
        var written = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                written.Append(text[i]);
                continue;
            }
            var c = text[++i];
            var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                if (i + digits >= text.Length || !int.TryParse(text.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var code) || code is < 0 or > 0x10FFFF)
                    throw new TemplateFault($"\\{c} takes {digits} hexadecimal digits") { Line = line };
                written.Append(code <= char.MaxValue ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                i += digits;
            }
            else if (c is >= '0' and <= '7')
            {
                var (code, count) = (0, 0);
                for (; count < 3 && i + count < text.Length && text[i + count] is >= '0' and <= '7'; count++)
                    code = code * 8 + text[i + count] - '0';
                written.Append((char)code);
                i += count - 1;
            }
            else if (c == 'N')
                throw new TemplateFault("\\N{...} is not supported: write the character itself") { Line = line };
            else
                written.Append(c switch
                {
                    '\n' => "",
                    '\\' => "\\",
                    '\'' => "'",
                    '"' => "\"",
                    'a' => "\a",
                    'b' => "\b",
                    'f' => "\f",
                    'n' => "\n",
                    'r' => "\r",
                    't' => "\t",
                    'v' => "\v",
                    _ => $"\\{c}",
                });
        }
        return written.ToString();
    }

    private static int Digits(string source, int at, Func<char, bool> isDigit)
    {
        while (at < source.Length && (isDigit(source[at]) || source[at] == '_' && at + 1 < source.Length && isDigit(source[at + 1])))
            at++;
        return at;
    }
}
