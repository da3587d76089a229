using System.Text;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>Documents of a txt or md file: cut at separator lines and, in long texts, at blank lines.</summary>
internal static class TextDocuments
{
    public static IEnumerable<Document> Read(LineReader lines, string path, DocumentOptions options, ReadContext context)
    {
        var text = new StringBuilder();
        long bytes = 0, firstLine = 1, hardLimit = 8L * options.DocumentBytes;
        var midLine = false;
        while (NextLine(lines, context.Skips, out var line, out var whole, out var length))
        {
            var separator = !midLine && whole && options.Separator.Length > 0 && line == options.Separator;
            var blank = !midLine && whole && string.IsNullOrWhiteSpace(line);
            midLine = !whole;
            if (separator || (blank && bytes >= options.DocumentBytes) || bytes + length > hardLimit)
            {
                if (Finish(text, separator, context.Skips) is { } done)
                    yield return new Document(done, $"{path}:{firstLine}");
                (bytes, firstLine) = (0, lines.LineNumber + (separator ? 1 : 0));
            }
            if (separator)
                continue;
            text.Append(line);
            if (whole)
                text.Append('\n');
            bytes += length;
        }
        if (Finish(text, firstLine == 1, context.Skips) is { } last)
            yield return new Document(last, $"{path}:{firstLine}");
    }

    private static bool NextLine(LineReader lines, SkipCounts skips, out string line, out bool whole, out int length)
    {
        var any = lines.TryRead(out var bytes, out whole);
        length = bytes.Length + (whole ? 1 : 0);
        line = any ? CleanText.Decode(bytes, skips) : "";
        return any;
    }

    /// <summary>
    /// The collected text without white space around it, or null for none; only an empty document that was meant as one counts.
    /// </summary>
    private static string? Finish(StringBuilder text, bool meant, SkipCounts skips)
    {
        var done = text.ToString().Trim('\n', ' ', '\t');
        text.Clear();
        if (!string.IsNullOrWhiteSpace(done))
            return done;
        if (meant)
            skips.Add(SkipReason.EmptyDocument);
        return null;
    }
}
