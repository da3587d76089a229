using Parquet;
using Parquet.Schema;

namespace Espalier.Compression.Data.Formats;

/// <summary>The values of one column in one row group, row after row.</summary>
internal sealed class ParquetCells
{
    // Text has more bytes than this in a value; a damaged count is not believed before memory is taken for it.
    private const long LeastValues = 1 << 20, ValuesPerByte = 64, MostValues = 1 << 27, MostBytes = 1 << 30;

    private readonly IReadOnlyList<Leaf> _leaves;

    private ParquetCells(string name, IReadOnlyList<Leaf> leaves) => (Name, _leaves) = (name, leaves);

    /// <summary>The field of the record.</summary>
    public string Name { get; }

    /// <summary>Reads a column.</summary>
    /// <exception cref="EspalierException">It is larger than one row group may be.</exception>
    public static ParquetCells Open(ParquetRowGroupReader rows, ParquetColumn column, int group, string path, long fileBytes)
    {
        var most = Math.Min(MostValues, Math.Max(LeastValues, ValuesPerByte * fileBytes));
        var leaves = new List<Leaf>();
        foreach (var (field, data) in column.Leaves)
        {
            var chunk = rows.GetMetadata(data)?.MetaData
                ?? throw new InvalidDataException($"row group {group} has no column {column.Name}");
            if (chunk.NumValues < 0 || chunk.NumValues > most || chunk.TotalUncompressedSize > MostBytes)
                throw new EspalierException(
                    $"data '{path}': row group {group} holds {chunk.NumValues} values and {chunk.TotalUncompressedSize} bytes of "
                        + $"{column.Name}; at most {most} and {MostBytes} can be read at once; write it with smaller row groups");
            leaves.Add(Leaf.Read(rows, field, data, (int)chunk.NumValues));
        }
        return new(column.Name, leaves);
    }

    /// <summary>The next row's value: a text, a list of turns, or null.</summary>
    public object? Next()
    {
        if (_leaves is [{ Field: null } text])
            return text.Next();
        var turns = new List<Dictionary<string, string?>>();
        do
        {
            var turn = _leaves.ToDictionary(leaf => leaf.Field!, leaf => leaf.Next());
            // Without a value at all it stands for a list without turns.
            if (turn.Values.Any(value => value is not null))
                turns.Add(turn);
        }
        while (_leaves[0].GoesOn);
        return turns;
    }

    /// <summary>
    /// Values as Parquet stores them: those that are not null one after the other, and for each entry two levels, which say whether it has
    /// a value and whether a row begins.
    /// </summary>
    private sealed record Leaf(string? Field, ReadOnlyMemory<char>[] Values, int[] Definitions, int[] Repetitions, int Present)
    {
        private int _entry, _value;

        /// <summary>Whether the next entry belongs to the row of the last one.</summary>
        public bool GoesOn => _entry < Repetitions.Length && Repetitions[_entry] > 0;

        public static Leaf Read(ParquetRowGroupReader rows, string? field, DataField data, int count)
        {
            var (values, definitions, repetitions) =
                (new ReadOnlyMemory<char>[count], Levels(data.MaxDefinitionLevel, count), Levels(data.MaxRepetitionLevel, count));
            if (ParquetColumn.IsNumber(data))
                values = data.ClrType == typeof(double) ? Numbers<double>() : data.ClrType == typeof(float) ? Numbers<float>()
                    : data.ClrType == typeof(int) ? Numbers<int>() : Numbers<long>();
            else
                rows.ReadRawAsync(data, values.AsMemory(), OrNone(definitions), OrNone(repetitions)).AsTask().GetAwaiter().GetResult();
            return new(field, values, definitions, repetitions, data.MaxDefinitionLevel);

            ReadOnlyMemory<char>[] Numbers<T>() where T : struct, IFormattable
            {
                var numbers = new T[count];
                rows.ReadRawAsync(data, numbers.AsMemory(), OrNone(definitions), OrNone(repetitions)).AsTask().GetAwaiter().GetResult();
                return [.. numbers.Select(number => number.ToString(null, CultureInfo.InvariantCulture).AsMemory())];
            }
        }

        private static int[] Levels(int most, int count) => most > 0 ? new int[count] : [];

        private static Memory<int>? OrNone(int[] levels) => levels.Length > 0 ? levels.AsMemory() : (Memory<int>?)null;

        public string? Next()
        {
            var isThere = Present == 0 || Definitions[_entry] == Present;
            _entry++;
            return isThere ? new string(Values[_value++].Span) : null;
        }
    }
}
