namespace Espalier.Compression.Data;

/// <summary>
/// A row of tokens as windows of seq + 1 ids: inputs are the first seq, targets the last seq. A short tail is dropped;
/// windows do not heed where documents begin.
/// </summary>
public sealed class WindowSet
{
    private readonly ITokens tokens;
    private readonly int step;

    /// <summary>Creates the windows.</summary>
    /// <param name="tokens">The ids.</param>
    /// <param name="sequenceLength">Inputs of a window.</param>
    /// <param name="stride">How far windows are apart.</param>
    /// <exception cref="EspalierException">The tokens are fewer than one window.</exception>
    public WindowSet(ITokens tokens, int sequenceLength, WindowStride stride = WindowStride.Disjoint)
    {
        if (sequenceLength is < 1 or int.MaxValue)
            throw new EspalierException($"sequence is {sequenceLength}, must be at least 1");
        this.tokens = tokens;
        SequenceLength = sequenceLength;
        step = stride == WindowStride.Disjoint ? sequenceLength + 1 : sequenceLength;
        Count = stride == WindowStride.Disjoint ? tokens.Count / step : (tokens.Count - 1) / step;
        if (Count == 0)
            throw new EspalierException($"{tokens.Name}: {tokens.Count} tokens are fewer than one window of {sequenceLength + 1}; give more text or a shorter sequence");
    }

    /// <summary>Inputs, and targets, of a window.</summary>
    public int SequenceLength { get; }

    /// <summary>How many windows there are, at least 1.</summary>
    public long Count { get; }

    /// <summary>Reads one window.</summary>
    /// <param name="window">Which, below <see cref="Count"/>.</param>
    /// <param name="inputs">Takes the first seq ids.</param>
    /// <param name="targets">Takes the last seq ids.</param>
    public void Read(long window, Span<long> inputs, Span<long> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(window);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(window, Count);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs.Length, SequenceLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(targets.Length, SequenceLength);
        tokens.Read(window * step, inputs);
        inputs[1..].CopyTo(targets);
        tokens.Read(window * step + SequenceLength, targets[^1..]);
    }
}
