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
        try
        {
            var columns = ParquetColumn.Find(reader.Schema, options, path);
            string[] names = [.. reader.Schema.Fields.Select(field => field.Name)];
            for (long group = 0, row = 0; group < reader.RowGroupCount; group++)
            {
                using var rows = Guard(path, () => reader.OpenRowGroupReader((int)group));
                ParquetCells[] cells = Guard(path,
                    () => columns.Select(column => ParquetCells.Open(rows, column, (int)group, path, bytes)).ToArray());
                for (var end = row + rows.RowCount; row < end; row++)
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
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
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
                $"data '{path}': is not a readable Parquet file: {OneLine.Clipped(error.Message, 200)}; write it again, or as jsonl",
                error);
        }
    }
}
