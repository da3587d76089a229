namespace Espalier.Compression.Data.Batches;

/// <summary>Windows of packed text in an order: training text, calibration text, text to evaluate on.</summary>
internal sealed class PackedText(WindowSet windows, SampleOrder order) : IBatchSource
{
    public int Sequence => windows.SequenceLength;

    /// <summary>The windows one after the other, all of whose tokens are scored.</summary>
    /// <exception cref="EspalierException">There is a loss mask, which would go unheeded.</exception>
    internal static PackedText Scored(WindowSet windows, string purpose) =>
        new(windows.WithoutMask(purpose), SampleOrder.Sequential(windows.Count));

    public long WindowAt(long position) => order.WindowAt(position);

    public long CountedTokens(long first, int rows)
    {
        if (windows.Mask is null)
            return (long)rows * Sequence;
        var counted = 0L;
        for (var i = 0; i < rows; i++)
            counted += windows.CountedTargets(WindowAt(first + i));
        return counted;
    }

    public Batch Allocate(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        var tokens = checked(rows * Sequence);
        return new(
            new long[rows], new long[tokens], new long[tokens], rows, Sequence,
            windows.Boundaries is null ? null : new long[tokens], windows.Mask is null ? null : new bool[tokens]);
    }

    public void Fill(Batch batch, long first)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch.Sequence, Sequence);
        for (var row = 0; row < batch.Size; row++)
            FillRow(batch, row, first + row);
    }

    /// <summary>
    /// Reads the row at a position into a row of a batch, also of one that has room for more than these windows know: then the window is
    /// one document, and all of it counts.
    /// </summary>
    internal void FillRow(Batch batch, int row, long position)
    {
        var part = (row * Sequence)..((row + 1) * Sequence);
        var window = batch.Windows[row] = WindowAt(position);
        var inputs = batch.Inputs.AsSpan(part);
        windows.Read(window, inputs, batch.Targets.AsSpan(part));
        if (batch.Places is not null && windows.Boundaries is not null)
            windows.ReadPlaces(window, inputs, batch.Places.AsSpan(part));
        else if (batch.Places is not null)
            for (var i = 0; i < Sequence; i++)
                batch.Places[row * Sequence + i] = i;
        if (batch.LossMask is not null && windows.Mask is not null)
            windows.ReadMask(window, batch.LossMask.AsSpan(part));
        else
            batch.LossMask?.AsSpan(part).Fill(true);
    }
}
