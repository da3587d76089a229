namespace Espalier.Compression.Importance.Depth.Metrics;

// Shapes: B batch, T time, D model width.

/// <summary>A distance between the residual stream before and after a span, mean over positions; sums in float64.</summary>
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
            _sums[i] += variants[i].Width == 0 ? 0 : SumOfDistances(Cosines(streams_BTD[variants[i].First], streams_BTD[variants[i].Next]));
        }
        _positions += streams_BTD[0].Size(0) * streams_BTD[0].Size(1);
    }

    public sealed override double[] Values() => [.. _sums.Select(sum => sum / _positions)];

    /// <summary>The sum over positions of the distance that belongs to each cosine, [B, T].</summary>
    protected abstract double SumOfDistances(Tensor cosines_BT);

    private static Tensor Cosines(Tensor a_BTD, Tensor b_BTD) =>
        a_BTD.Mul(b_BTD).Sum([-1]).Div(a_BTD.Norm([-1]).Mul(b_BTD.Norm([-1])));
}

/// <summary>1 − cosine.</summary>
internal sealed class BlockInfluenceMetric() : StreamMetric(DepthMetricKind.BlockInfluence)
{
    protected override double SumOfDistances(Tensor cosines_BT) => cosines_BT.ElementCount - cosines_BT.Sum(DType.Float64).Item();
}

/// <summary>arccos(cosine) / π.</summary>
internal sealed class AngularMetric() : StreamMetric(DepthMetricKind.Angular)
{
    // Rounding may leave a cosine just above 1.
    protected override double SumOfDistances(Tensor cosines_BT) =>
        cosines_BT.To(DType.Float64).ToArray<double>().Sum(cosine => Math.Acos(Math.Clamp(cosine, -1, 1))) / Math.PI;
}
