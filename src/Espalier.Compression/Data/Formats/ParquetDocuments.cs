using System.Buffers.Binary;
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
        CheckEnds(file, path);
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
                $"data '{path}': is not a readable Parquet file: {Why(error)}; write it again, or as jsonl", error);
        }
    }

    // COR_E_IO, which an IOException has that a program throws; the system's have its own number.
    private const int OfLibrary = unchecked((int)0x80131620);

    // Of a form that it does not read the library says which, and the system of a disk that fails; of damage, what it stumbled over: an
    // index, a missing key.
    private static string Why(Exception error) => error is NotSupportedException or NotImplementedException
        || (error is IOException { HResult: not OfLibrary } and not EndOfStreamException)
        ? OneLine.Clipped(error.Message, 200) : "its data or its footer is damaged";

    // What a Parquet file begins and ends with: PAR1, and before the last one the length of its footer.
    private static void CheckEnds(FileStream file, string path)
    {
        Span<byte> begin = stackalloc byte[4], end = stackalloc byte[8];
        var bytes = file.Length;
        var isWhole = bytes >= begin.Length + end.Length;
        if (isWhole)
        {
            file.Position = bytes - end.Length;
            file.ReadExactly(end);
            file.Position = 0;
            file.ReadExactly(begin);
            file.Position = 0;
        }
        var footer = BinaryPrimitives.ReadUInt32LittleEndian(end);
        var why = !isWhole ? $"it has {bytes} bytes"
            : end[4..].SequenceEqual("PARE"u8) ? "it is encrypted"
            : !begin.SequenceEqual("PAR1"u8) ? "it does not begin with PAR1"
            : !end[4..].SequenceEqual("PAR1"u8) ? "it does not end with PAR1, so it is cut off"
            : footer > bytes - begin.Length - end.Length ? $"its footer would have {footer} bytes, and the file has {bytes}"
            : null;
        if (why is not null)
            throw new EspalierException($"data '{path}': is not a readable Parquet file: {why}; write it again, or as jsonl");
    }
}
