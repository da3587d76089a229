using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Alignment.Preferences;

/// <summary>Log-probabilities of the two answers of a pair, summed over the tokens that count; nats.</summary>
internal readonly record struct PairLogProbabilities(double Chosen, double Rejected)
{
    /// <summary>How much likelier the preferred answer is.</summary>
    public double Margin => Chosen - Rejected;
}

/// <summary>Pairs in their windows, with what the reference says of them. Safe for use from several threads.</summary>
internal sealed class PreferenceSet
{
    private readonly PlacedPair[] _pairs;
    private readonly int[] _first;

    /// <param name="pairs">The pairs, window after window.</param>
    /// <param name="reference">What the reference says, one a pair; null before it was asked.</param>
    public PreferenceSet(WindowSet windows, PlacedPair[] pairs, IReadOnlyList<PairLogProbabilities>? reference = null)
    {
        if (reference is not null && reference.Count != pairs.Length)
            throw new ArgumentException($"{pairs.Length} pairs and {reference.Count} answers of the reference", nameof(reference));
        (Windows, _pairs, Reference) = (windows, pairs, reference);
        _first = new int[windows.Count + 1];
        foreach (var pair in pairs)
            _first[pair.Window + 1]++;
        for (var window = 0; window < windows.Count; window++)
            _first[window + 1] += _first[window];
    }

    /// <summary>The windows.</summary>
    public WindowSet Windows { get; }

    /// <summary>The pairs, window after window.</summary>
    public IReadOnlyList<PlacedPair> Pairs => _pairs;

    /// <summary>What the reference says of each; null before it was asked.</summary>
    public IReadOnlyList<PairLogProbabilities>? Reference { get; }

    /// <summary>The same pairs with what a reference says.</summary>
    public PreferenceSet With(IReadOnlyList<PairLogProbabilities> reference) => new(Windows, _pairs, reference);

    /// <summary>Numbers of the pairs of a window: the first, and the one after the last.</summary>
    public (int First, int End) Of(long window) => (_first[window], _first[window + 1]);

    /// <summary>
    /// Sums what is known of the counted targets of a batch over the answers of its pairs.
    /// </summary>
    /// <param name="batch">The batch, with its loss mask.</param>
    /// <param name="nll">−log q of the targets that count, in their order.</param>
    /// <param name="take">
    /// Given a pair's number, its log-probabilities and the places of its two answers in <paramref name="nll"/>.
    /// </param>
    public void Each(Batch batch, ReadOnlySpan<double> nll, Action<int, PairLogProbabilities, Range, Range> take)
    {
        Span<int> before = new int[batch.Sequence + 1];
        for (int row = 0, done = 0; row < batch.Size; row++)
        {
            for (var i = 0; i < batch.Sequence; i++)
                before[i + 1] = (i == 0 ? before[0] = done : before[i]) + (batch.LossMask![row * batch.Sequence + i] ? 1 : 0);
            var (first, end) = Of(batch.Windows[row]);
            for (var pair = first; pair < end; pair++)
            {
                var (chosen, rejected) = (Places(before, _pairs[pair].Chosen), Places(before, _pairs[pair].Rejected));
                take(pair, new(-Sum(nll[chosen]), -Sum(nll[rejected])), chosen, rejected);
            }
            done = before[batch.Sequence];
        }
    }

    // Token i of a window is the target of position i - 1.
    private static Range Places(ReadOnlySpan<int> before, (int Start, int End) part) =>
        before[Math.Max(0, part.Start - 1)]..before[part.End - 1];

    private static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
            sum += value;
        return sum;
    }
}
