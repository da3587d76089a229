using System.Buffers;
using System.Text;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>Python's string literals (The Python Language Reference, section 2.4.1).</summary>
internal static class PythonStrings
{
    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Whether a literal starts at a place, with its prefix.</summary>
    public static bool Starts(string source, int at) => Prefix(source, at) is not null;

    /// <summary>Reads the literal at a place, which moves after it.</summary>
    /// <returns>Its value; null of an f-string.</returns>
    /// <exception cref="NoCallException">It does not end, or has an escape that is none.</exception>
    public static PyValue? Read(string source, ref int at)
    {
        var prefix = Prefix(source, at)!.ToLowerInvariant();
        var start = at;
        at += prefix.Length;
        var quote = source[at];
        var isTriple = at + 2 < source.Length && source[at + 1] == quote && source[at + 2] == quote;
        at += isTriple ? 3 : 1;
        var body = at;
        for (; ; at++)
        {
            if (at >= source.Length || (!isTriple && source[at] is '\n' or '\r'))
                throw new NoCallException($"the text at character {start + 1} does not end");
            if (source[at] == '\\')
                at += source.AsSpan(at + 1).StartsWith("\r\n") ? 2 : 1;
            else if (source[at] == quote && (!isTriple || source.AsSpan(at).StartsWith([quote, quote, quote])))
                break;
        }
        var text = source[body..at];
        at += isTriple ? 3 : 1;
        if (prefix.Contains('f', StringComparison.Ordinal))
            return null;
        if (text.Contains('\r', StringComparison.Ordinal))
            text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (prefix.Contains('b', StringComparison.Ordinal))
            return Ascii.IsValid(text) ? new PyOther("bytes", "b" + PyTexts.Quoted(text))
                : throw new NoCallException($"the bytes at character {start + 1} have a character that is not ASCII");
        return new PyText(prefix.Contains('r', StringComparison.Ordinal) ? text : Unescaped(text, start));
    }

    private static string? Prefix(string source, int at)
    {
        for (var length = 0; length <= 2 && at + length < source.Length; length++)
            if (source[at + length] is '\'' or '"')
                return source.Substring(at, length) is var prefix
                    && prefix.ToLowerInvariant() is "" or "r" or "u" or "b" or "f" or "rb" or "br" or "rf" or "fr" ? prefix : null;
        return null;
    }

    private static string Unescaped(string text, int start)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }
            var c = text[++i];
            switch (c)
            {
                case '\n':
                    break;
                case '\\' or '\'' or '"':
                    plain.Append(c);
                    break;
                case 'x' or 'u' or 'U':
                    var length = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                    Append(plain, Hex(text, i + 1, length, start), start);
                    i += length;
                    break;
                case >= '0' and <= '7':
                    var value = 0;
                    var end = Math.Min(i + 3, text.Length);
                    for (; i < end && text[i] is >= '0' and <= '7'; i++)
                        value = value * 8 + (text[i] - '0');
                    i--;
                    plain.Append((char)value);
                    break;
                case 'N':
                    throw new NoCallException($"the text at character {start + 1} has a named character, which is not supported");
                default:
                    _ = "abfnrtv".IndexOf(c, StringComparison.Ordinal) is >= 0 and var known ? plain.Append("\a\b\f\n\r\t\v"[known])
                        : plain.Append('\\').Append(c);
                    break;
            }
        }
        return plain.ToString();
    }

    private static int Hex(string text, int at, int length, int start) =>
        at + length <= text.Length && text.AsSpan(at, length).IndexOfAnyExcept(s_hex) < 0
            ? (int)Math.Min(Convert.ToUInt32(text.Substring(at, length), 16), int.MaxValue)
            : throw new NoCallException($"the text at character {start + 1} has an escape that does not end");

    private static void Append(StringBuilder plain, int code, int start) => _ = code switch
    {
        <= char.MaxValue => plain.Append((char)code),
        <= 0x10ffff => plain.Append(char.ConvertFromUtf32(code)),
        _ => throw new NoCallException($"the text at character {start + 1} has an escape that is not a character"),
    };
}
