using System.Text;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Formats;
using Espalier.Compression.Data.Records;
using Parquet.Serialization;

namespace Espalier.Evaluation.Documents;

/// <summary>
/// Reads the documents of a benchmark whole: JSON Lines, a JSON array, csv and tsv with a header or without, Parquet, and texts of a fixed
/// number of lines a document, or with a first line of one look; also as .gz, .zst and .bz2. What is no document is an error with file and
/// line, for a benchmark of which some are left out is another benchmark.
/// </summary>
internal static class TaskDocuments
{
    /// <summary>Longest file that is read, unpacked.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>Reads a file.</summary>
    /// <param name="columns">
    /// Names of the columns of a table without a header, or of the lines of a document; null where there are none.
    /// </param>
    /// <param name="begins">What the first line of a document of plain text looks like; null where all have as many lines.</param>
    /// <exception cref="EspalierException">The file cannot be read, or a document is none.</exception>
    public static IReadOnlyList<TaskDocument> Read(string path, IReadOnlyList<string>? columns, Predicate<string>? begins = null)
    {
        var kind = FileKinds.Of(path);
        if (kind == FileKind.Parquet)
            return Numbered(Parquet(path), path, "row");
        if (columns?.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new EspalierException($"{path}: columns names {twice.Key} twice");
        var bytes = Bytes(path);
        if (Utf8Text.FirstInvalid(bytes) is { } at)
            throw new EspalierException($"{path}: is not UTF-8 text (byte {at}); convert it, as with iconv -t UTF-8");
        return kind switch
        {
            FileKind.JsonLines or FileKind.Json when columns is null => Numbered(Json(bytes, path), path, "line"),
            FileKind.Csv => Numbered(Table(bytes, ',', columns, path), path, "line"),
            FileKind.Tsv => Numbered(Table(bytes, '\t', columns, path), path, "line"),
            FileKind.Text when columns is [var page] && begins is not null => Numbered(Pages(bytes, page, begins), path, "line"),
            FileKind.Text when columns is not null => Numbered(Lines(bytes, columns, path), path, "line"),
            _ => throw new EspalierException(
                $"{path}: is not jsonl, json, csv, tsv or parquet (also as .gz, .zst or .bz2), nor a .txt with columns"),
        };
    }

    private static List<TaskDocument> Numbered(IEnumerable<(JsonElement Fields, long Line)> documents, string path, string unit)
    {
        var all = new List<TaskDocument>();
        foreach (var (fields, line) in documents)
        {
            var place = $"{path}, {unit} {line}";
            if (fields.ValueKind != JsonValueKind.Object)
                throw new EspalierException($"{place}: is not a JSON object");
            RequireTexts(fields, place);
            all.Add(new(fields, place, all.Count));
        }
        return all.Count > 0 ? all : throw new EspalierException($"{path}: has no documents");
    }

    // JSON may write half of a surrogate pair, which is no text; it would only be found when the field is read.
    private static void RequireTexts(JsonElement value, string place)
    {
        try
        {
            if (value.ValueKind == JsonValueKind.String)
                _ = value.GetString();
            else if (value.ValueKind == JsonValueKind.Array)
                foreach (var entry in value.EnumerateArray())
                    RequireTexts(entry, place);
            else if (value.ValueKind == JsonValueKind.Object)
                foreach (var field in value.EnumerateObject())
                    RequireTexts(field.Value, $"{place}: {OneLine.Clipped(field.Name)}");
        }
        catch (InvalidOperationException error)
        {
            throw new EspalierException($"{place}: has half of a surrogate pair, which is not text", error);
        }
    }

    private static IEnumerable<(JsonElement, long)> Json(byte[] bytes, string path)
    {
        if (bytes.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'[', ..])
        {
            var entries = JsonFile.Parse(bytes, path, static (root, _) => root.EnumerateArray().Select(entry => entry.Clone()).ToArray());
            foreach (var (i, entry) in entries.Index())
                yield return (entry, i + 1);
            yield break;
        }
        var line = 0L;
        foreach (var range in Split(bytes))
        {
            line++;
            var text = bytes[range];
            if (!text.AsSpan().Trim(" \t\r"u8).IsEmpty)
                yield return (JsonFile.Parse(text, $"{path}, line {line}", static (root, _) => root.Clone()), line);
        }
    }

    private static IEnumerable<(JsonElement, long)> Table(byte[] bytes, char separator, IReadOnlyList<string>? columns, string path)
    {
        using var stream = new MemoryStream(bytes);
        var (skips, options) = (new SkipCounts(), new DocumentOptions());
        var rows = new TableRows(new(stream, options.MaxLineBytes, path), separator, path, options, skips);
        var names = columns ?? rows.Next() ?? throw new EspalierException($"{path}: is empty");
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new EspalierException($"{path}: there are two columns {OneLine.Clipped(twice.Key)}; give them different names");
        while (rows.Next() is { } row)
        {
            if (row.Count != names.Count)
                throw new EspalierException(
                    $"{path}, line {rows.LineNumber}: has {row.Count} values, but there are {names.Count} columns: "
                    + string.Join(", ", names));
            yield return (Object(names.Zip(row)), rows.LineNumber);
        }
        if (skips.LostText)
            throw new EspalierException($"{path}: {skips.Describe()}");
    }

    private static IEnumerable<(JsonElement, long)> Lines(byte[] bytes, IReadOnlyList<string> columns, string path)
    {
        string[] lines = [.. Split(bytes).Select(range => Encoding.UTF8.GetString(bytes[range]).TrimEnd('\r'))];
        var count = lines is [.., ""] ? lines.Length - 1 : lines.Length;
        if (count % columns.Count != 0)
            throw new EspalierException($"{path}: has {count} lines, but a document takes {columns.Count}");
        for (var line = 0; line < count; line += columns.Count)
            yield return (Object(columns.Zip(lines[line..(line + columns.Count)])), line + 1);
    }

    // Texts that begin at lines of one look, with all line breaks; those of white space alone are none.
    private static IEnumerable<(JsonElement, long)> Pages(byte[] bytes, string name, Predicate<string> begins)
    {
        var (page, first, number) = (new List<string>(), 1L, 0L);
        foreach (var range in bytes is [.., (byte)'\n'] ? Split(bytes).Append(bytes.Length..bytes.Length) : Split(bytes))
        {
            var line = Encoding.UTF8.GetString(bytes[range]).TrimEnd('\r');
            number++;
            if (page.Count > 0 && begins(line))
            {
                if (!page.All(string.IsNullOrWhiteSpace))
                    yield return (Object([(name, string.Join('\n', page))]), first);
                page.Clear();
                first = number;
            }
            page.Add(line);
        }
        if (!page.All(string.IsNullOrWhiteSpace))
            yield return (Object([(name, string.Join('\n', page))]), first);
    }

    private static IEnumerable<(JsonElement, long)> Parquet(string path)
    {
        IList<Dictionary<string, object>> rows;
        try
        {
            using var file = ReadableFile.Open(path);
            rows = [.. ParquetSerializer.DeserializeUntypedAsync(file).GetAwaiter().GetResult().Data];
        }
        catch (Exception error) when (error is not (OutOfMemoryException or EspalierException))
        {
            throw new EspalierException($"{path}: cannot be read as Parquet: {OneLine.Clipped(error.Message)}", error);
        }
        foreach (var (i, row) in rows.Index())
            yield return (JsonSerializer.SerializeToElement(row, PlainJson.Of<Dictionary<string, object>>()), i + 1);
    }

    private static JsonElement Object(IEnumerable<(string Name, string Value)> fields) => JsonSerializer.SerializeToElement(
        fields.ToDictionary(field => field.Name, field => field.Value), PlainJson.Of<Dictionary<string, string>>());

    private static IEnumerable<Range> Split(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start) is >= 0 and var found ? found : bytes.Length;
            yield return start..end;
            start = end + 1;
        }
    }

    private static byte[] Bytes(string path)
    {
        try
        {
            using var file = ReadableFile.Open(path);
            using var unpacked = PackedFile.Unpack(file, path);
            using var whole = new MemoryStream();
            var piece = new byte[1 << 16];
            for (int read; (read = (unpacked ?? file).Read(piece)) > 0;)
            {
                whole.Write(piece, 0, read);
                if (whole.Length > MaxBytes)
                    throw new EspalierException($"{path}: has more than {Units.Bytes(MaxBytes)} of text");
            }
            return whole.ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}
