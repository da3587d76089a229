namespace Espalier.Compression.Data;

/// <summary>Windows of packed text in an order: training text, calibration text, text to evaluate on.</summary>
/// <param name="windows">The windows.</param>
/// <param name="order">Which of them stands where.</param>
internal sealed class PackedText(WindowSet windows, SampleOrder order) : IBatchSource
{
    /// <inheritdoc/>
    public int Sequence => windows.SequenceLength;

    /// <summary>The windows one after the other, all of whose tokens are scored.</summary>
    /// <param name="windows">The windows.</param>
    /// <param name="purpose">What they are for, for the error.</param>
    /// <exception cref="EspalierException">There is a loss mask, which would go unheeded.</exception>
    internal static PackedText Scored(WindowSet windows, string purpose) =>
        new(windows.WithoutMask(purpose), SampleOrder.Sequential(windows.Count));

    /// <inheritdoc/>
    public long WindowAt(long position) => order.WindowAt(position);

    /// <inheritdoc/>
    public long CountedTokens(long first, int rows)
    {
        if (windows.Mask is null)
            return (long)rows * Sequence;
        var counted = 0L;
        for (var i = 0; i < rows; i++)
            counted += windows.CountedTargets(WindowAt(first + i));
        return counted;
    }

    /// <inheritdoc/>
    public Batch Allocate(int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        var tokens = checked(rows * Sequence);
        return new(
            new long[rows], new long[tokens], new long[tokens], rows, Sequence,
            windows.Boundaries is null ? null : new long[tokens], windows.Mask is null ? null : new bool[tokens]);
    }

    /// <inheritdoc/>
    public void Fill(Batch batch, long first)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch.Sequence, Sequence);
        for (var row = 0; row < batch.Size; row++)
        {
            var part = (row * Sequence)..((row + 1) * Sequence);
            var window = batch.Windows[row] = WindowAt(first + row);
            windows.Read(window, batch.Inputs.AsSpan(part), batch.Targets.AsSpan(part));
            if (batch.Places is not null)
                windows.ReadPlaces(window, batch.Inputs.AsSpan(part), batch.Places.AsSpan(part));
            if (batch.LossMask is not null)
                windows.ReadMask(window, batch.LossMask.AsSpan(part));
        }
    }
}
