namespace Espalier.Compression.Importance.Depth.Metrics;

// Shapes: B batch, T time, D model width.

/// <summary>A distance between the residual stream before and after a span, mean over positions; in float64.</summary>
internal abstract class StreamMetric(DepthMetricKind kind) : DepthMetric(kind)
{
    private double[] _sums = [];
    private long _positions;

    public sealed override bool RunsVariants => false;

    public sealed override void Begin(int variants) => (_sums, _positions) = (new double[variants], 0);

    public sealed override void Streams(IReadOnlyList<Tensor> streams_BTD, IReadOnlyList<DepthSpan> variants)
    {
        for (var i = 0; i < variants.Count; i++)
        {
            using var scope = TensorScope.Begin();
            _sums[i] += variants[i].Width == 0 ? 0 : SumOfDistances(
                streams_BTD[variants[i].First].RowCosines(streams_BTD[variants[i].Next]).ToArray<double>());
        }
        _positions += streams_BTD[0].Size(0) * streams_BTD[0].Size(1);
    }

    public sealed override double[] Values() => [.. _sums.Select(sum => sum / _positions)];

    /// <summary>The sum over positions of the distance that belongs to each cosine.</summary>
    protected abstract double SumOfDistances(double[] cosines);
}

/// <summary>1 − cosine.</summary>
internal sealed class BlockInfluenceMetric() : StreamMetric(DepthMetricKind.BlockInfluence)
{
    protected override double SumOfDistances(double[] cosines) => cosines.Length - cosines.Sum();
}

/// <summary>arccos(cosine) / π.</summary>
internal sealed class AngularMetric() : StreamMetric(DepthMetricKind.Angular)
{
    // Rounding may leave a cosine just above 1.
    protected override double SumOfDistances(double[] cosines) =>
        cosines.Sum(cosine => Math.Acos(Math.Clamp(cosine, -1, 1))) / Math.PI;
}
