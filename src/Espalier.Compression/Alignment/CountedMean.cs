using System.Diagnostics;
using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Alignment;

/// <summary>
/// The mean loss of a counted token over windows or answers that hold different numbers of them, with the standard error of a ratio of
/// sums, these being the independent samples (W. G. Cochran, Sampling Techniques, 3rd edition, 2.11); 0 with one of them.
/// </summary>
internal sealed class CountedMean
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly List<double> _sums = [];
    private readonly List<long> _counts = [];

    /// <summary>Adds one of them: the sum of its losses and how many tokens count.</summary>
    public void Add(double sum, long count)
    {
        _sums.Add(sum);
        _counts.Add(count);
    }

    /// <summary>The result of all that were added, of which at least one has a token.</summary>
    public PerplexityResult Result()
    {
        var total = _counts.Sum();
        var mean = _sums.Sum() / total;
        var spread = _sums.Zip(_counts, (sum, count) => sum - mean * count).Sum(static rest => rest * rest);
        return new()
        {
            Nll = mean,
            NllStandardError = _sums.Count < 2 ? 0 : Math.Sqrt(spread * _sums.Count / (_sums.Count - 1)) / total,
            Tokens = total,
            WindowNll = [.. _sums.Zip(_counts, static (sum, count) => sum / count)],
            Seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds,
        };
    }
}
