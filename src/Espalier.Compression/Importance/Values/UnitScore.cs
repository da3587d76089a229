namespace Espalier.Compression.Importance.Values;

// Shapes: B samples, T positions, U units.

/// <summary>
/// The running scores of some units (neurons, heads or channels) by all nine aggregators at once, over samples that come in batches: sums
/// in float64, so that neither the number of samples nor how they are batched shows. Not safe for several threads.
/// </summary>
/// <param name="place">Where the values are, for errors: "layer 3, input of the down projection".</param>
internal sealed class UnitScore(string place, int units)
{
    private const int Ways = 3; // aggregations of the sequence axis
    private readonly double[][] _sums = Rows(units), _squares = Rows(units);
    private long _samples;

    /// <summary>Adds the samples of a batch; x is [B, T, units].</summary>
    /// <exception cref="EspalierException">A value is not finite.</exception>
    public void Add(Tensor x_BTU)
    {
        using var scope = TensorScope.Begin();
        var (B, T) = ((int)x_BTU.Size(0), x_BTU.Size(1));
        var sums_3BU = x_BTU.UnitSums().ToArray<double>();
        Span<double> values = stackalloc double[Ways];
        for (var b = 0; b < B; b++)
        {
            var absolute = sums_3BU.AsSpan(b * units, units);
            var squares = sums_3BU.AsSpan((B + b) * units, units);
            var sums = sums_3BU.AsSpan((2 * B + b) * units, units);
            for (var u = 0; u < units; u++)
            {
                // The sum of squares is infinite or NaN where any value is.
                if (!double.IsFinite(squares[u]))
                    throw NotFinite(_samples + b, u);
                var mean = sums[u] / T;
                values[(int)Aggregation.L2] = Math.Sqrt(squares[u]);
                values[(int)Aggregation.Mean] = absolute[u] / T;
                values[(int)Aggregation.Variance] = Math.Max(0, squares[u] / T - mean * mean);
                for (var way = 0; way < Ways; way++)
                {
                    _sums[way][u] += values[way];
                    _squares[way][u] += values[way] * values[way];
                }
            }
        }
        _samples += B;
    }

    /// <summary>The score of each unit.</summary>
    public double[] Result(Aggregator aggregator)
    {
        if (_samples == 0)
            throw new EspalierException("importance needs at least one calibration sample");
        var (sums, squares) = (_sums[(int)aggregator.Sequence], _squares[(int)aggregator.Sequence]);
        var scores = new double[units];
        for (var i = 0; i < units; i++)
        {
            var mean = sums[i] / _samples;
            scores[i] = aggregator.Batch switch
            {
                Aggregation.L2 => Math.Sqrt(squares[i]),
                Aggregation.Mean => mean, // values after the sequence axis are never negative
                _ => Math.Max(0, squares[i] / _samples - mean * mean),
            };
        }
        return scores;
    }

    private EspalierException NotFinite(long sample, int unit) =>
        new($"importance: {place} is not finite in calibration sample {sample}, unit {unit}: look at the model's weights and at that text")
        { ExitCode = 1 };

    private static double[][] Rows(int units) => [.. Enumerable.Range(0, Ways).Select(_ => new double[units])];
}
