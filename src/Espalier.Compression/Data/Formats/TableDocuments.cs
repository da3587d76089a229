using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Formats;

/// <summary>Documents of a csv or tsv file with a header: a row each, its columns taken as the fields of a record.</summary>
internal static class TableDocuments
{
    private const int ShownColumns = 16, ShownLength = 40;

    public static IEnumerable<Document> Read(LineReader lines, char? separator, string path, DocumentOptions options, ReadContext context)
    {
        var rows = new TableRows(lines, separator, path, options, context.Skips);
        if (rows.Next() is not { } header)
            yield break;
        var columns = Wanted([.. header.Select(name => name.Trim())], options, path);
        while (rows.Next() is { } row)
            if (Text(row, header, columns, $"{path}:{rows.LineNumber}", options, context.Skips) is { } text)
                yield return new Document(text, $"{path}:{rows.LineNumber}");
    }

    /// <summary>The columns that are read: the one that was asked for, or all that a known shape has.</summary>
    /// <exception cref="EspalierException">There is none.</exception>
    public static (string Name, int Index)[] Wanted(IReadOnlyList<string> columns, DocumentOptions options, string path)
    {
        (string Name, int Index)[] found =
        [
            .. columns.Select((name, i) => (name, i))
                .Where(column => options.Field is null ? options.Reader.Fields.Contains(column.name) : column.name == options.Field)
                .DistinctBy(column => column.name),
        ];
        return found.Length > 0 ? found : throw NoColumn(columns, options, path);
    }

    /// <summary>A table without a column that could be the text: nothing of it can be read, so it is no row that is skipped.</summary>
    public static EspalierException NoColumn(IReadOnlyList<string> columns, DocumentOptions options, string path)
    {
        var names = columns.Take(ShownColumns).Select(name => OneLine.Clipped(name, ShownLength)).ToArray();
        var has = $"data '{path}': has the columns {string.Join(", ", names)}{(columns.Count > ShownColumns ? ", ..." : "")}";
        return new(options.Field is not { } field
            ? $"{has}, but none of {options.Reader.Known}{(options.Reader.HasField ? $"; name the column {RecordText.ByName}" : "")}"
                + (options.Reader.WhatReads([.. columns]) is { } other ? $"; {other}" : "")
            : $"{has}, but no {OneLine.Clipped(field, ShownLength)}.{NearestName.Hint(field, names)}");
    }

    private static string? Text(
        IReadOnlyList<string> row, IReadOnlyList<string> header, (string Name, int Index)[] columns, string origin,
        DocumentOptions options, SkipCounts skips)
    {
        if (row.Count > header.Count && row.Skip(header.Count).Any(value => value.Length > 0))
        {
            skips.Add(SkipReason.MalformedRow,
                () => $"{origin} has {row.Count} values but the header has {header.Count} "
                    + "columns; values that contain separators must be in quotes");
            return null;
        }
        var record =
            JsonSerializer.SerializeToElement(columns.Where(column => column.Index < row.Count)
                .ToDictionary(column => column.Name, column => row[column.Index]), PlainJson.Of<Dictionary<string, string>>());
        return Text(record, header, origin, options, skips);
    }

    /// <summary>The text of a row; null where it has none, which is counted.</summary>
    /// <param name="record">The row's values by the names of their columns.</param>
    /// <param name="origin">Where it stands.</param>
    public static string? Text(
        JsonElement record, IReadOnlyList<string> columns, string origin, DocumentOptions options, SkipCounts skips)
    {
        if (options.Reader.Of(record, options.Field) is not { } text)
            return JsonRecord.Missing([.. columns], origin, options.Field, skips, options.Reader);
        text = CleanText.Normalise(text, skips);
        if (!string.IsNullOrWhiteSpace(text))
            return text;
        skips.Add(SkipReason.EmptyDocument);
        return null;
    }
}
