using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Espalier.Compression.Data;

/// <summary>Documents of a jsonl file: one object a line, its text in one field. A bad line is skipped and counted.</summary>
internal static class JsonLinesDocuments
{
    public static IEnumerable<Document> Read(LineReader lines, string path, DocumentOptions options, ReadContext context)
    {
        while (NextText(lines, options.Field, context.Skips, out var text))
            if (text is not null)
                yield return new Document(text, $"{path}:{lines.LineNumber}");
    }

    /// <returns>False at the end; <paramref name="text"/> is null for a line that was skipped.</returns>
    private static bool NextText(LineReader lines, string field, SkipCounts skips, out string? text)
    {
        text = null;
        if (!lines.TryRead(out var line, out var whole))
            return false;
        if (!whole)
        {
            skips.Add(SkipReason.LongLine);
            while (!whole && lines.TryRead(out _, out whole)) { }
            return true;
        }
        if (line.Trim(" \t\r"u8).IsEmpty || (lines.Truncated && IsUnfinished(line)))
            return true;
        text = Text(line, field, skips);
        return true;
    }

    /// <summary>The last line of a truncated file is counted once, as that file, not again as malformed.</summary>
    private static bool IsUnfinished(ReadOnlySpan<byte> line) => line.TrimEnd(" \t\r"u8) is not [.., (byte)'}'];

    private static string? Text(ReadOnlySpan<byte> line, string field, SkipCounts skips)
    {
        var utf8 = line.ToArray();
        if (!Utf8.IsValid(utf8))
        {
            skips.Add(SkipReason.RepairedUtf8);
            utf8 = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
        }
        try
        {
            using var json = JsonDocument.Parse(utf8);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                return Skip(SkipReason.MalformedJson, skips);
            if (!json.RootElement.TryGetProperty(field, out var value) || value.ValueKind != JsonValueKind.String)
                return Skip(SkipReason.MissingField, skips);
            var text = CleanText.Normalise(value.GetString()!, skips);
            return string.IsNullOrWhiteSpace(text) ? Skip(SkipReason.EmptyDocument, skips) : text;
        }
        // GetString refuses escapes that are half a surrogate pair with an InvalidOperationException.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Skip(SkipReason.MalformedJson, skips);
        }
    }

    private static string? Skip(SkipReason reason, SkipCounts skips)
    {
        skips.Add(reason);
        return null;
    }
}
