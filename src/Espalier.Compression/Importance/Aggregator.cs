using Espalier.Torch;

namespace Espalier.Compression.Importance;

/// <summary>How values along one axis become one score (Minitron, arXiv 2407.14679, section 2.2).</summary>
public enum Aggregation
{
    /// <summary>√Σx².</summary>
    L2,

    /// <summary>(1/n) Σ|x|.</summary>
    Mean,

    /// <summary>(1/n) Σ(x − m)², m the arithmetic mean.</summary>
    Variance,
}

/// <summary>One aggregation for the sequence axis, applied first, and one for the batch axis. The method's default is (L2, mean).</summary>
/// <param name="Batch">Over the samples.</param>
/// <param name="Sequence">Over the positions of a sample.</param>
public readonly record struct Aggregator(Aggregation Batch, Aggregation Sequence)
{
    /// <summary>Batch L2, sequence mean: the best of the nine in paper 1, Table 13.</summary>
    public static Aggregator Default => new(Aggregation.L2, Aggregation.Mean);

    /// <inheritdoc/>
    public override string ToString() => $"({Batch.ToString().ToLowerInvariant()}, {Sequence.ToString().ToLowerInvariant()})";
}

/// <summary>
/// The running score of some units (neurons, heads or channels) over samples that come in batches: sums in float64, so that neither the number
/// of samples nor how they are batched shows. Not safe for several threads.
/// </summary>
internal sealed class UnitScore(Aggregator aggregator, long units) : IDisposable
{
    private readonly Tensor _sum = Tensor.Zeros(DType.Float64, units).Unscoped();
    private readonly Tensor _squares = Tensor.Zeros(DType.Float64, units).Unscoped();
    private long _samples;

    /// <summary>Adds the samples of a batch; x is [B, T, units].</summary>
    public void Add(Tensor x_BTU)
    {
        using var scope = TensorScope.Begin();
        var perSample_BU = (aggregator.Sequence switch
        {
            Aggregation.L2 => x_BTU.Norm([1]),
            Aggregation.Mean => x_BTU.Abs().Mean([1]),
            _ => Variance(x_BTU),
        }).To(DType.Float64);
        _sum.AddInPlace(perSample_BU.Sum([0]));
        _squares.AddInPlace(perSample_BU.Square().Sum([0]));
        _samples += x_BTU.Size(0);
    }

    /// <summary>The score of each unit.</summary>
    public double[] Result()
    {
        if (_samples == 0)
            throw new EspalierException("importance needs at least one calibration sample");
        var (sums, squares) = (_sum.ToArray<double>(), _squares.ToArray<double>());
        var scores = new double[sums.Length];
        for (var i = 0; i < scores.Length; i++)
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

    public void Dispose()
    {
        _sum.Dispose();
        _squares.Dispose();
    }

    private static Tensor Variance(Tensor x_BTU)
    {
        var centred = x_BTU.Sub(x_BTU.Mean([1], keep: true));
        return centred.Square().Mean([1]);
    }
}
