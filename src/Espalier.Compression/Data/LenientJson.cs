using System.Text;
using System.Text.Json;

namespace Espalier.Compression.Data;

/// <summary>
/// JSON as Python's json writes and reads it: NaN and infinities (read as null), half a surrogate pair as an escape (U+FFFD), an object that
/// has a name twice (the last counts), and control characters as they are in a string. Everything else is as strict as JSON is.
/// </summary>
internal static class LenientJson
{
    // Python's own limit is about a thousand. Nothing here recurses.
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 1024 };

    /// <summary>Reads something from a JSON text; a text that is only JSON to Python is mended first.</summary>
    /// <param name="utf8">Valid UTF-8.</param>
    /// <param name="skips">Counts a half of a surrogate pair that was replaced.</param>
    /// <param name="read">What is read; may be called twice.</param>
    /// <exception cref="JsonException">No JSON to Python either.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> utf8, SkipCounts skips, Func<JsonElement, T> read)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8, s_options);
            return read(json.RootElement);
        }
        // Reading a string that has half a surrogate pair is an InvalidOperationException.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            var mended = Mend(utf8.Span, out var halves);
            using var json = JsonDocument.Parse(mended, s_options);
            if (halves)
                skips.Add(SkipReason.RepairedUtf8);
            return read(json.RootElement);
        }
    }

    private static ReadOnlyMemory<byte> Mend(ReadOnlySpan<byte> json, out bool halves)
    {
        var mended = new MemoryStream(json.Length + 16);
        var inString = false;
        halves = false;
        for (var i = 0; i < json.Length;)
        {
            var rest = json[i..];
            var taken = inString ? InString(rest, mended, ref halves) : Outside(rest, mended);
            if (rest[0] == '"')
                inString = !inString;
            i += taken;
        }
        return mended.GetBuffer().AsMemory(0, (int)mended.Length);
    }

    private static int Outside(ReadOnlySpan<byte> rest, MemoryStream mended)
    {
        foreach (var word in (ReadOnlySpan<string>)["NaN", "Infinity", "-Infinity"])
        {
            if (rest.Length < word.Length || rest[0] != word[0] || !Ascii.Equals(rest[..word.Length], word))
                continue;
            mended.Write("null"u8);
            return word.Length;
        }
        mended.WriteByte(rest[0]);
        return 1;
    }

    private static int InString(ReadOnlySpan<byte> rest, MemoryStream mended, ref bool halves)
    {
        if (rest[0] < 0x20)
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
        if (Escape(rest) is { } code)
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
        at.Length >= 6 && at[0] == '\\' && at[1] == 'u' && IsHex(at[2..6]) ? (char)Convert.ToUInt16(Encoding.ASCII.GetString(at[2..6]), 16) : null;

    private static bool IsHex(ReadOnlySpan<byte> digits)
    {
        foreach (var digit in digits)
            if (!char.IsAsciiHexDigit((char)digit))
                return false;
        return true;
    }
}
