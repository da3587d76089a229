using Espalier.Compression.Data.Records;
using Parquet.Schema;

namespace Espalier.Compression.Data.Formats;

/// <summary>A column of text, or of conversations (a list of structs with a role and a content).</summary>
/// <param name="Name">The field of the record.</param>
/// <param name="Leaves">What is stored: one column of strings, or one for each field of a turn, by its name.</param>
internal sealed record ParquetColumn(string Name, IReadOnlyList<(string? Field, DataField Data)> Leaves)
{
    private static readonly string[] s_ofTurns = ["role", "from", "content", "value"];

    /// <summary>The columns that are read: the one that was asked for, or all that a known shape has.</summary>
    /// <exception cref="EspalierException">There is none, or none that holds text.</exception>
    public static IReadOnlyList<ParquetColumn> Find(ParquetSchema schema, DocumentOptions options, string path)
    {
        var wanted = TableDocuments.Wanted([.. schema.Fields.Select(column => column.Name)], options, path);
        ParquetColumn[] found = [.. wanted.Select(column => Of(schema.Fields[column.Index], options.Reader.TakesNumbers))
            .OfType<ParquetColumn>()];
        return found.Length > 0 ? found : throw new EspalierException(
            $"data '{path}': {string.Join(", ", wanted.Select(column => OneLine.Clipped(column.Name, 40)))} "
                + "is neither a column of text nor a list of turns with a role and a text as content; name a column "
                + $"of text {RecordText.ByName}, or write the file as jsonl");
    }

    private static ParquetColumn? Of(Field column, bool takesNumbers) => column switch
    {
        DataField { IsArray: false } data when (IsText(data) || (takesNumbers && IsNumber(data))) && data.MaxRepetitionLevel == 0 =>
            new(column.Name, [(null, data)]),
        ListField { Item: StructField turn } when OfTurn(turn) is [_, ..] fields => new(column.Name, fields),
        _ => null,
    };

    private static (string?, DataField)[] OfTurn(StructField turn) =>
    [
        .. turn.Fields.OfType<DataField>().Where(field => s_ofTurns.Contains(field.Name) && IsText(field) && field.MaxRepetitionLevel == 1)
            .Select(field => ((string?)field.Name, field)),
    ];

    /// <summary>Whether values are numbers that are read, as texts.</summary>
    internal static bool IsNumber(DataField field) =>
        field.ClrType == typeof(double) || field.ClrType == typeof(float) || field.ClrType == typeof(int) || field.ClrType == typeof(long);

    private static bool IsText(DataField field) => field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>);
}
