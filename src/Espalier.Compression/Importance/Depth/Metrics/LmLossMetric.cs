namespace Espalier.Compression.Importance.Depth.Metrics;

/// <summary>The mean loss of the next token, nats.</summary>
internal sealed class LmLossMetric() : DepthMetric(DepthMetricKind.LmLoss)
{
    private double[] _sums = [];
    private long[] _positions = [];

    public override void Begin(int variants) => (_sums, _positions) = (new double[variants], new long[variants]);

    public override void Predictions(int variant, DepthBatch batch, Predictions chunk)
    {
        var nll_C = chunk.Nll_C!;
        _sums[variant] += nll_C.Sum(DType.Float64).Item();
        _positions[variant] += nll_C.Size(0);
    }

    public override double[] Values() => [.. _sums.Zip(_positions, (sum, positions) => sum / positions)];
}
