using Espalier.Models.Checkpoints;

namespace Espalier.Compression.Pruning;

/// <summary>
/// One of the student's tensors out of one of the teacher's, a block of rows in memory at a time. The teacher's rows are read from the
/// first to the last, once, and checked, those that go too; only a row that goes into another is read a second time. Going back starts
/// again.
/// </summary>
internal sealed class SlicedTensor
{
    private readonly Checkpoint _teacher;
    private readonly string _name;
    private readonly long _sourceRows;
    private readonly int _width;
    private float[] _block = [];
    private float[] _kept = [];
    private long _nextRow;
    private long _firstKept;
    private long _endKept;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="name">The teacher's tensor.</param>
    /// <param name="shape">Its shape, one or two sizes; a vector has rows of one element.</param>
    public SlicedTensor(Checkpoint teacher, string name, long[] shape)
    {
        (_teacher, _name, _sourceRows) = (teacher, name, shape[0]);
        _width = shape.Length == 2 ? checked((int)shape[1]) : 1;
    }

    /// <summary>Elements that are read at a time, at least one row.</summary>
    public int BlockElements { get; init; } = 1 << 20;

    /// <summary>Kept rows, ascending; null keeps all.</summary>
    public int[]? Rows { get; init; }

    /// <summary>Kept columns; null keeps all.</summary>
    public int[]? Columns { get; init; }

    /// <summary>For a kept row the rows that it takes in; null where none does.</summary>
    public Func<int, RowPart[]>? TakesIn { get; init; }

    /// <summary>What a kept value becomes, after merging; null for itself.</summary>
    public Func<float, float>? Carried { get; init; }

    private int KeptWidth => Columns?.Length ?? _width;

    private long KeptRows => Rows?.Length ?? _sourceRows;

    /// <summary>Copies elements of the student's tensor.</summary>
    public void Read(long firstElement, Span<float> destination)
    {
        while (!destination.IsEmpty)
        {
            var row = firstElement / KeptWidth;
            if (row < _firstKept)
                (_nextRow, _firstKept, _endKept) = (0, 0, 0);
            while (row >= _endKept)
                NextBlock();
            var part =
                _kept.AsSpan((int)(firstElement - _firstKept * KeptWidth),
                    (int)Math.Min(destination.Length, _endKept * KeptWidth - firstElement));
            part.CopyTo(destination);
            firstElement += part.Length;
            destination = destination[part.Length..];
        }
    }

    private void NextBlock()
    {
        var first = Load();
        _firstKept = _endKept;
        while (_endKept < KeptRows && RowOf(_endKept) < _nextRow)
            _endKept++;
        var elements = checked((int)((_endKept - _firstKept) * KeptWidth));
        if (_kept.Length < elements)
            _kept = new float[elements];
        for (var kept = _firstKept; kept < _endKept; kept++)
            Slice(RowOf(kept), first, _kept.AsSpan((int)(kept - _firstKept) * KeptWidth, KeptWidth));
        while (_endKept == KeptRows && _nextRow < _sourceRows)
            Load();
    }

    /// <summary>Reads and checks the next rows; the first of them.</summary>
    private long Load()
    {
        if (_block.Length == 0)
            _block = new float[Math.Min(Math.Max(1, BlockElements / _width), _sourceRows) * _width];
        var (first, count) = (_nextRow, (int)Math.Min(_block.Length / _width, _sourceRows - _nextRow));
        _teacher.ReadFinite(_name, first * _width, _block.AsSpan(0, count * _width));
        _nextRow += count;
        return first;
    }

    private int RowOf(long kept) => Rows is null ? (int)kept : Rows[kept];

    private void Slice(int row, long firstOfBlock, Span<float> destination)
    {
        var values = _block.AsSpan((int)(row - firstOfBlock) * _width, _width);
        if (TakesIn?.Invoke(row) is { Length: > 0 } parts)
            Merge(parts, values);
        if (Columns is null)
            values.CopyTo(destination);
        else
            for (var j = 0; j < Columns.Length; j++)
                destination[j] = values[Columns[j]];
        if (Carried is not null)
            foreach (ref var value in destination)
                value = Carried(value);
    }

    // In float64, rounded once.
    private void Merge(RowPart[] parts, Span<float> row)
    {
        var (sums, other, own) = (new double[row.Length], new float[row.Length], 1 - parts.Sum(part => part.Share));
        for (var j = 0; j < row.Length; j++)
            sums[j] = own * row[j];
        foreach (var part in parts)
        {
            _teacher.ReadFloat32(part.Name, (long)part.Row * row.Length, other);
            for (var j = 0; j < row.Length; j++)
                sums[j] += part.Share * other[part.Columns?[j] ?? j];
        }
        for (var j = 0; j < row.Length; j++)
            row[j] = (float)sums[j];
    }
}
