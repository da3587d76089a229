namespace Espalier.Compression.Importance.Depth.Metrics;

// Shapes: B batch, T time, D model width, V vocabulary, N looked-at positions, C positions of a chunk.

/// <summary>
/// The end of every variant: final norm, head and loss, a chunk of positions at a time. Several variants wait for each other, so that the
/// whole model's logits, which they are compared with, are computed once for all of them.
/// </summary>
internal sealed class DepthHead : IDisposable
{
    private const int MostWaiting = 16;

    private readonly Decoder _model;
    private readonly DepthBatch _batch;
    private readonly DepthMetric[] _metrics;
    private readonly Tensor _targets_N;
    private readonly Tensor? _positions_N;
    private readonly Tensor? _reference_ND;
    private readonly List<(int Variant, Tensor Hidden_ND)> _waiting = [];

    /// <param name="metrics">Who is told; those that compare with the whole model are told last, for they may overwrite.</param>
    /// <param name="reference_BTD">The stream after the whole model's last block, where a metric compares with it.</param>
    public DepthHead(Decoder model, DepthBatch batch, IEnumerable<DepthMetric> metrics, Tensor? reference_BTD)
    {
        (_model, _batch) = (model, batch);
        _metrics = [.. metrics.OrderBy(metric => metric.ReadsReference)];
        _targets_N = On(model.Device, batch.Targets);
        _positions_N = batch.Positions is { } positions ? On(model.Device, positions) : null;
        _reference_ND = reference_BTD is null ? null : Hidden(reference_BTD);
    }

    /// <summary>Takes the stream after a variant's last block, [B, T, D]; it is read before this returns.</summary>
    public void Add(int variant, Tensor stream_BTD)
    {
        _waiting.Add((variant, Hidden(stream_BTD)));
        if (_waiting.Count == MostWaiting)
            Flush();
    }

    /// <summary>Hands what is still waiting to the metrics.</summary>
    public void Flush()
    {
        _model.Head.Each(_waiting.Count == 0 ? 0 : _targets_N.Size(0), (start, end) =>
        {
            var reference_CV = _reference_ND is null ? null : _model.Logits(_reference_ND.Slice(0, start, end));
            foreach (var (variant, hidden_ND) in _waiting)
                Score(variant, hidden_ND.Slice(0, start, end), start, end, reference_CV);
        });
        Clear();
    }

    public void Dispose()
    {
        Clear();
        _targets_N.Dispose();
        _positions_N?.Dispose();
        _reference_ND?.Dispose();
    }

    private void Score(int variant, Tensor hidden_CD, long start, long end, Tensor? reference_CV)
    {
        using var scope = TensorScope.Begin();
        var logits_CV = _model.Logits(hidden_CD);
        var nll_C = _metrics.All(metric => metric.ReadsReference) ? null
            : logits_CV.TokenNll(_targets_N.Slice(0, start, end));
        foreach (var metric in _metrics)
            metric.Predictions(variant, _batch, new(start, nll_C, logits_CV, reference_CV));
    }

    private static Tensor On(Device device, long[] values)
    {
        using var scope = TensorScope.Begin();
        return Tensor.From<long>(values, values.Length).On(device).Unscoped();
    }

    private Tensor Hidden(Tensor stream_BTD)
    {
        using var scope = TensorScope.Begin();
        var rows_ND = stream_BTD.Reshape(-1, stream_BTD.Size(-1));
        // The norm looks at one position at a time: those that nobody looks at need none.
        var looked_ND = _positions_N is null ? rows_ND : rows_ND.IndexSelect(0, _positions_N);
        return _model.FinishStream(looked_ND).Unscoped();
    }

    private void Clear()
    {
        foreach (var (_, hidden_ND) in _waiting)
            hidden_ND.Dispose();
        _waiting.Clear();
    }
}
