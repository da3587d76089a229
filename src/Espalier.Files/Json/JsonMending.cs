using System.Text;

namespace Espalier.Files;

/// <summary>
/// Makes JSON of what is only JSON to Python: number words, control characters as they are in a string, half a surrogate pair.
/// </summary>
internal static class JsonMending
{
    private static readonly string[] s_words = ["NaN", "Infinity", "-Infinity"];

    /// <summary>A text with what is mended in it.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <param name="strings">Whether strings are mended too: control characters are escaped, and half a pair becomes U+FFFD.</param>
    /// <param name="named">Whether a number word becomes a string that begins with NUL, which no other string of such a file does, and
    /// not null.</param>
    /// <param name="halves">Whether there was half a pair.</param>
    public static ReadOnlyMemory<byte> Mend(ReadOnlySpan<byte> json, bool strings, bool named, out bool halves)
    {
        var mended = new MemoryStream(json.Length + 16);
        var inString = false;
        halves = false;
        for (var i = 0; i < json.Length;)
        {
            var rest = json[i..];
            var taken = inString ? InString(rest, mended, strings, ref halves) : Outside(rest, mended, named);
            if (rest[0] == '"')
                inString = !inString;
            i += taken;
        }
        return mended.GetBuffer().AsMemory(0, (int)mended.Length);
    }

    /// <summary>Whether a text may have a number word.</summary>
    public static bool MayHaveWords(ReadOnlySpan<byte> json) => json.IndexOf("NaN"u8) >= 0 || json.IndexOf("Infinity"u8) >= 0;

    /// <summary>The number word that a string stands for which was mended with names; null for any other.</summary>
    public static string? WordOf(string? text) => text is ['\0', .. var word] && s_words.Contains(word) ? word : null;

    /// <summary>The string that stands for a number word.</summary>
    public static string OfWord(string word) => $"\0{word}";

    private static int Outside(ReadOnlySpan<byte> rest, MemoryStream mended, bool named)
    {
        foreach (var word in s_words)
        {
            // A name without quotes is no JSON of anybody's.
            if (rest[0] != word[0] || rest.Length < word.Length || !Ascii.Equals(rest[..word.Length], word)
                || rest[word.Length..].TrimStart(" \t\r\n"u8).StartsWith(":"u8))
                continue;
            mended.Write(named ? Encoding.ASCII.GetBytes($"\"\\u0000{word}\"") : "null"u8);
            return word.Length;
        }
        mended.WriteByte(rest[0]);
        return 1;
    }

    private static int InString(ReadOnlySpan<byte> rest, MemoryStream mended, bool strings, ref bool halves)
    {
        if (strings && rest[0] < 0x20)
        {
            mended.Write(Encoding.ASCII.GetBytes($"\\u{rest[0]:x4}"));
            return 1;
        }
        if (rest[0] != '\\' || rest.Length < 2)
        {
            mended.WriteByte(rest[0]);
            return 1;
        }
        var length = 2;
        if (strings && Escape(rest) is { } code)
        {
            length = 6;
            if (char.IsHighSurrogate(code) && Escape(rest[6..]) is { } low && char.IsLowSurrogate(low))
            {
                length = 12;
            }
            else if (char.IsSurrogate(code))
            {
                halves = true;
                mended.Write("\\ufffd"u8);
                return length;
            }
        }
        mended.Write(rest[..length]);
        return length;
    }

    /// <summary>The code of <c>\uXXXX</c> at the beginning; null for anything else.</summary>
    private static char? Escape(ReadOnlySpan<byte> at) =>
        at.Length >= 6 && at[0] == '\\' && at[1] == 'u' && IsHex(at[2..6])
            ? (char)Convert.ToUInt16(Encoding.ASCII.GetString(at[2..6]), 16) : null;

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
        return true;
    }
}
