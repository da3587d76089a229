namespace Espalier.Compression.Importance.Depth.Metrics;

/// <summary>How improbable a multiple-choice task's right answers become.</summary>
internal sealed class TaskMetric(DepthTask task) : DepthMetric(DepthMetricKind.Task)
{
    private double[][] _logLikelihoods = [];

    public override void Begin(int variants) =>
        _logLikelihoods = [.. Enumerable.Range(0, variants).Select(_ => new double[task.Rows.Count])];

    public override void Predictions(int variant, DepthBatch batch, Predictions chunk)
    {
        using var scope = TensorScope.Begin();
        var nll = chunk.Nll_C!.To(DType.Float64).ToArray<double>();
        for (var i = 0; i < nll.Length; i++)
            _logLikelihoods[variant][batch.FirstRow + batch.Positions![chunk.Start + i] / batch.Length] -= nll[i];
    }

    public override double[] Values() => [.. Results().Select(result => result.Loss)];

    /// <summary>The share of items whose likeliest choice is right, of each variant.</summary>
    public double[] Accuracies() => [.. Results().Select(result => result.Accuracy)];

    private IEnumerable<TaskVerdict> Results() => _logLikelihoods.Select(task.Judge);
}
