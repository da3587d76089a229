namespace Espalier.Compression.Importance.Depth.Metrics;

/// <summary>The mean over all entries of (logit − the whole model's logit)².</summary>
internal sealed class LogitMseMetric() : DepthMetric(DepthMetricKind.LogitMse)
{
    private double[] _sums = [];
    private long[] _entries = [];

    public override bool ReadsReference => true;

    public override void Begin(int variants) => (_sums, _entries) = (new double[variants], new long[variants]);

    public override void Predictions(int variant, DepthBatch batch, Predictions chunk)
    {
        // In place: a chunk of logits may be all the memory that there is to spare.
        chunk.Logits_CV.SubInPlace(chunk.Reference_CV!);
        chunk.Logits_CV.MulInPlace(chunk.Logits_CV);
        _sums[variant] += chunk.Logits_CV.Sum([-1]).Sum(DType.Float64).Item();
        _entries[variant] += chunk.Logits_CV.ElementCount;
    }

    public override double[] Values() => [.. _sums.Zip(_entries, (sum, entries) => sum / entries)];
}
