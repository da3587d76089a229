using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Batches;

/// <summary>
/// A row of tokens as windows of seq + 1 ids: inputs are the first seq, targets the last seq. A short tail is dropped;
/// windows do not heed where documents begin, but can tell.
/// </summary>
public sealed class WindowSet
{
    private readonly ITokens _tokens;
    private readonly int _step;

    /// <summary>Creates the windows.</summary>
    /// <param name="tokens">The ids.</param>
    /// <param name="sequenceLength">Inputs of a window.</param>
    /// <param name="stride">How far windows are apart.</param>
    /// <param name="boundaries">Where documents begin, where it matters.</param>
    /// <param name="mask">Which tokens count in the loss; null where all of them do.</param>
    /// <exception cref="EspalierException">The tokens are fewer than one window, or not as many as the mask's flags.</exception>
    public WindowSet(
        ITokens tokens, int sequenceLength, WindowStride stride = WindowStride.Disjoint, DocumentBoundaries? boundaries = null,
        LossMask? mask = null)
    {
        if (mask is not null && mask.Count != tokens.Count)
            throw new EspalierException(
                $"{tokens.Name}: {tokens.Count} tokens but a loss mask of {mask.Count}; each token needs one flag");
        if (sequenceLength is < 1 or int.MaxValue)
            throw new EspalierException($"sequence is {sequenceLength}; it must be at least 1");
        this._tokens = tokens;
        Boundaries = boundaries;
        Mask = mask;
        SequenceLength = sequenceLength;
        _step = stride == WindowStride.Disjoint ? sequenceLength + 1 : sequenceLength;
        Count = stride == WindowStride.Disjoint ? tokens.Count / _step : (tokens.Count - 1) / _step;
        if (Count == 0)
            throw new EspalierException(TooFew(tokens.Name, $"{tokens.Count}", sequenceLength));
    }

    /// <summary>The error of tokens that are fewer than one window.</summary>
    internal static string TooFew(string name, string tokens, int sequence) =>
        $"{name}: {tokens} {(tokens == "1" ? "token is" : "tokens are")} fewer than one window of {sequence + 1} (a sequence of "
            + $"{sequence} and the token after it); give more text or a shorter sequence";

    /// <summary>Inputs, and targets, of a window.</summary>
    public int SequenceLength { get; }

    /// <summary>How many windows there are, at least 1.</summary>
    public long Count { get; }

    /// <summary>Where documents begin; null where it does not matter.</summary>
    public DocumentBoundaries? Boundaries { get; }

    /// <summary>Which tokens count in the loss; null where all of them do.</summary>
    public LossMask? Mask { get; }

    /// <summary>For those who score every token.</summary>
    /// <exception cref="EspalierException">There is a loss mask, which would go unheeded.</exception>
    internal WindowSet WithoutMask(string purpose) =>
        Mask is null ? this
            : throw new EspalierException(
                $"{_tokens.Name}: {purpose} counts every token, but this data has a loss mask; give the data without it");

    /// <summary>Targets of a window that count in the loss.</summary>
    public int CountedTargets(long window) => Mask?.CountedIn(window * _step + 1, SequenceLength) ?? SequenceLength;

    /// <summary>Whether each target of a window counts in the loss.</summary>
    /// <exception cref="InvalidOperationException">The windows were made without <see cref="Mask"/>.</exception>
    public void ReadMask(long window, Span<bool> counted) =>
        (Mask ?? throw new InvalidOperationException($"{_tokens.Name}: no loss mask was given")).Read(window * _step + 1, counted);

    /// <summary>Each input's place in its document (<see cref="DocumentBoundaries.Places"/>).</summary>
    /// <param name="window">Which window.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="places">Takes the places.</param>
    /// <exception cref="InvalidOperationException">The windows were made without <see cref="Boundaries"/>.</exception>
    public void ReadPlaces(long window, ReadOnlySpan<long> inputs, Span<long> places) =>
        (Boundaries
            ?? throw new InvalidOperationException($"{_tokens.Name}: no boundaries were given")).Places(window * _step, inputs, places);

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
        _tokens.Read(window * _step, inputs);
        inputs[1..].CopyTo(targets);
        _tokens.Read(window * _step + SequenceLength, targets[^1..]);
    }
}
