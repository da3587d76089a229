using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>
/// Documents of a json file: an array of records, one record over several lines, or records one after the other, such as JSON lines that
/// are named .json. Only one record is in memory. After a broken one, reading goes on with the next line that begins a record.
/// </summary>
internal static class JsonDocuments
{
    public static IEnumerable<Document> Read(LineReader lines, string path, DocumentOptions options, ReadContext context)
    {
        var records = new JsonRecordSplitter(options.MaxLineBytes);
        var done = new Queue<JsonPiece>();
        JsonPiece? broken = null;
        while (lines.TryRead(out var line, out var whole))
        {
            Count(broken, path, options, context.Skips);
            broken = null;
            records.Take(line, lines.LineNumber, endsLine: whole, done);
            while (done.TryDequeue(out var piece))
                if (piece.Fault is not null && lines.Truncated && done.Count == 0)
                    broken = piece;
                else if (Text(piece, path, options, context.Skips) is { } text)
                    yield return new Document(text, $"{path}:{piece.Line}");
        }
        // The record in which a damaged file ends is counted once, as that file.
        if (lines.Truncated)
            yield break;
        records.End(done);
        while (done.TryDequeue(out var piece))
            Count(piece, path, options, context.Skips);
    }

    private static void Count(JsonPiece? broken, string path, DocumentOptions options, SkipCounts skips)
    {
        if (broken is { } piece)
            Text(piece, path, options, skips);
    }

    private static string? Text(JsonPiece piece, string path, DocumentOptions options, SkipCounts skips)
    {
        var origin = $"{path}:{piece.Line}";
        if (piece.Json is { } json)
            return JsonRecord.Text(json, origin, options.Field, skips, options.Reader);
        skips.Add(piece.Fault!.Value, () => piece.Fault == SkipReason.LongLine
            ? $"{origin} begins a record of more than {options.MaxLineBytes} bytes; FILE;max-line-bytes=N reads longer ones"
            : $"{origin} begins a JSON record that never ends");
        return null;
    }
}
