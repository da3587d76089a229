using System.Text;
using System.Text.Unicode;

namespace Espalier.Compression.Data.Records;

/// <summary>Bytes to text that a tokenizer can take: valid, LF line ends, no NUL; what was mended is counted.</summary>
internal static class CleanText
{
    public static string Decode(ReadOnlySpan<byte> utf8, SkipCounts skips)
    {
        if (!Utf8.IsValid(utf8))
            skips.Add(
                SkipReason.RepairedUtf8,
                () => "bytes that are not UTF-8 became U+FFFD: text in another encoding must "
                    + "be converted first, as with iconv -f WINDOWS-1252 -t UTF-8");
        return Normalise(Encoding.UTF8.GetString(utf8), skips);
    }

    public static string Normalise(string text, SkipCounts skips)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            skips.Add(SkipReason.RemovedNul);
            text = text.Replace("\0", "", StringComparison.Ordinal);
        }
        return text.Contains('\r', StringComparison.Ordinal) ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')
            : text;
    }
}
