using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>Documents of a jsonl file: one object a line. A bad line is skipped and counted.</summary>
internal static class JsonLinesDocuments
{
    public static IEnumerable<Document> Read(LineReader lines, string path, DocumentOptions options, ReadContext context)
    {
        while (NextText(lines, path, options, context.Skips, out var text))
            if (text is not null)
                yield return new Document(text, $"{path}:{lines.LineNumber}");
    }

    /// <returns>False at the end; <paramref name="text"/> is null for a line that was skipped.</returns>
    private static bool NextText(LineReader lines, string path, DocumentOptions options, SkipCounts skips, out string? text)
    {
        text = null;
        if (!lines.TryRead(out var line, out var whole))
            return false;
        var origin = $"{path}:{lines.LineNumber}";
        if (!whole)
        {
            skips.Add(SkipReason.LongLine,
                () => $"{origin} is longer than {options.MaxLineBytes} bytes; FILE;max-line-bytes=N reads longer ones");
            while (!whole && lines.TryRead(out _, out whole)) { }
            return true;
        }
        // Files put one after the other have byte order marks inside.
        if (line.StartsWith(Utf8Mark))
            line = line[Utf8Mark.Length..];
        if (line.Trim(" \t\r"u8).IsEmpty || (lines.Truncated && IsUnfinished(line)))
            return true;
        text = JsonRecord.Text(line.ToArray(), origin, options.Field, skips, options.Reader);
        return true;
    }

    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>The last line of a truncated file is counted once, as that file, not again as malformed.</summary>
    private static bool IsUnfinished(ReadOnlySpan<byte> line) => line.TrimEnd(" \t\r"u8) is not [.., (byte)'}'];
}
