namespace Espalier.Compression.Data;

/// <summary>Batches of windows in an order. What a batch holds depends on the order and the step alone.</summary>
/// <param name="windows">The windows.</param>
/// <param name="order">Which of them stands where.</param>
public sealed class BatchReader(WindowSet windows, SampleOrder order)
{
    /// <summary>The windows.</summary>
    public WindowSet Windows => windows;

    /// <summary>The order.</summary>
    public SampleOrder Order => order;

    /// <summary>Reads the batch of a step: positions step B to step B + B - 1.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="batchSize">Windows of the batch, B.</param>
    /// <param name="inputs">Takes B times seq ids.</param>
    /// <param name="targets">Takes B times seq ids, each one later than the input beside it.</param>
    public void Read(long step, int batchSize, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, (long)batchSize * windows.SequenceLength);
        ReadPositions(checked(step * batchSize), inputs, targets);
    }

    /// <summary>Reads as many windows as the spans hold, from a position of the order on: a micro-batch, or one process's part of a batch.</summary>
    public void ReadPositions(long firstPosition, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstPosition);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, targets.Length);
        var length = windows.SequenceLength;
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length % length, 0);
        for (var i = 0; i < inputs.Length / length; i++)
            windows.Read(order.WindowAt(firstPosition + i), inputs.Slice(i * length, length), targets.Slice(i * length, length));
    }
}
