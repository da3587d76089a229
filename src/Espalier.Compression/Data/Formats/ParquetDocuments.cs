using Espalier.Compression.Data.Records;
using Parquet;

namespace Espalier.Compression.Data.Formats;

/// <summary>
/// Documents of a Parquet file: a row each, its columns of text taken as the fields of a record. One row group is in memory.
/// </summary>
internal static class ParquetDocuments
{
    public static IEnumerable<Document> Read(FileStream file, string path, DocumentOptions options, ReadContext context)
    {
        var bytes = file.Length;
        var reader =
            Guard(path,
                () => ParquetReader.CreateAsync(file, new ParquetOptions { TreatByteArrayAsString = true }, leaveStreamOpen: true)
                    .GetAwaiter().GetResult());
        var columns = ParquetColumn.Find(reader.Schema, options, path);
        string[] names = [.. reader.Schema.Fields.Select(field => field.Name)];
        for (long group = 0, row = 0; group < reader.RowGroupCount; group++)
        {
            var (rows, cells) = Guard(path, () => Open(reader, (int)group, columns, path, bytes));
            for (var end = row + rows; row < end; row++)
            {
                var record =
                    Guard(path,
                        () => JsonSerializer.SerializeToElement(cells.ToDictionary(cell => cell.Name, cell => cell.Next()),
                            PlainJson.Of<Dictionary<string, object?>>()));
                if (TableDocuments.Text(record, names, $"{path}: row {row + 1}", options, context.Skips) is { } text)
                    yield return new Document(text, $"{path}: row {row + 1}");
            }
        }
    }

    private static (long Rows, IReadOnlyList<ParquetCells> Cells) Open(
        ParquetReader reader, int group, IReadOnlyList<ParquetColumn> columns, string path, long bytes)
    {
        var rows = reader.OpenRowGroupReader(group);
        return (rows.RowCount, [.. columns.Select(column => ParquetCells.Open(rows, column, group, path, bytes))]);
    }

    /// <summary>Whatever a damaged file makes of the library is the file's fault.</summary>
    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not (EspalierException or OperationCanceledException))
        {
            throw new EspalierException(
                $"data '{path}': is no Parquet file that can be read: {OneLine.Clipped(error.Message, 200)}; write it anew, or as jsonl",
                error);
        }
    }
}
