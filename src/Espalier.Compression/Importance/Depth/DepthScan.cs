using Espalier.Compression.Importance.Depth.Metrics;

namespace Espalier.Compression.Importance.Depth;

// Shapes: B batch, T time, D model width, S streams stacked along the batch.

/// <summary>
/// Runs a model without each of many spans of its layers, exactly. What comes before a span is the same as in the model itself and is
/// computed once a batch; a variant begins with the stream that entered its span, at the first layer after it. Variants move upwards as a
/// wavefront: those that have their span after them go through a layer stacked into one batch, as many at a time as make a good matrix
/// product. For single layers that is about half of the work of a forward pass each.
/// </summary>
internal sealed class DepthScan(Decoder model)
{
    /// <summary>
    /// Positions that a stacked pass should have: enough to fill a matrix product, few enough that activations stay near the processor.
    /// </summary>
    public const int StackedPositions = 1024;

    /// <summary>
    /// Most streams that go through a layer stacked; 0 takes as many as make <see cref="StackedPositions"/>, 1 none but themselves.
    /// </summary>
    public int Stack { get; init; }

    /// <summary>Runs every variant on every batch and tells the metrics.</summary>
    /// <param name="layers">The layers that are there, ascending.</param>
    /// <param name="variants">What is left out of them, each by itself.</param>
    /// <param name="metrics">Who is told; a scan begins for all of them.</param>
    /// <param name="title">What progress says.</param>
    /// <param name="progress">Receives the rows done.</param>
    /// <param name="stop">Stops between two layers.</param>
    public void Run(
        DepthData data, IReadOnlyList<int> layers, IReadOnlyList<DepthSpan> variants, IReadOnlyList<DepthMetric> metrics,
        string title, IProgressReporter progress, CancellationToken stop)
    {
        foreach (var metric in metrics)
            metric.Begin(variants.Count);
        using var noGrad = GradMode.Disable();
        using var task = progress.Begin(title, data.Rows, data.Unit);
        foreach (var batch in data.Batches())
        {
            using var scope = TensorScope.Begin();
            One(batch, layers, variants, metrics, stop);
            task.Report(batch.FirstRow + batch.Rows);
        }
    }

    private void One(DepthBatch batch, IReadOnlyList<int> layers, IReadOnlyList<DepthSpan> variants, IReadOnlyList<DepthMetric> metrics,
        CancellationToken stop)
    {
        var embedded_BTD = model.EmbedStream(Tensor.From<long>(batch.Ids, batch.Rows, batch.Length));
        var runners = metrics.Where(metric => metric.RunsVariants).ToArray();
        var streams_BTD = Prefix(embedded_BTD, layers.Take(Needed(layers, variants, metrics)), stop);
        foreach (var metric in metrics)
            metric.Streams(streams_BTD, variants);
        if (runners.Length == 0)
            return;
        using var head = new DepthHead(model, batch, runners, runners.Any(metric => metric.ReadsReference)
            ? Whole(embedded_BTD, layers, streams_BTD[^1], stop) : null);
        var order = Enumerable.Range(0, variants.Count).OrderBy(i => variants[i].Next).ToArray();
        foreach (var together in order.Chunk(Stack > 0 ? Stack : Math.Max(1, StackedPositions / (batch.Rows * batch.Length))))
            Wavefront(together, layers, variants, streams_BTD, head, stop);
        head.Flush();
    }

    /// <summary>
    /// How many layers the model itself must go through: where no stream is compared, none after the last that a variant enters with.
    /// </summary>
    private int Needed(IReadOnlyList<int> layers, IReadOnlyList<DepthSpan> variants, IReadOnlyList<DepthMetric> metrics) =>
        metrics.Any(metric => !metric.RunsVariants || (metric.ReadsReference && layers.Count == model.Config.Layers)) ? layers.Count
            : variants.Max(variant => variant.First);

    /// <summary>The stream before each of the first layers, and after the last of these.</summary>
    private List<Tensor> Prefix(Tensor embedded_BTD, IEnumerable<int> layers, CancellationToken stop)
    {
        List<Tensor> streams_BTD = [embedded_BTD];
        foreach (var layer in layers)
        {
            stop.ThrowIfCancellationRequested();
            streams_BTD.Add(model.RunBlock(layer, streams_BTD[^1]));
        }
        return streams_BTD;
    }

    /// <summary>The stream after the last layer of the model with all its layers.</summary>
    private Tensor Whole(Tensor embedded_BTD, IReadOnlyList<int> layers, Tensor end_BTD, CancellationToken stop)
    {
        if (layers.Count == model.Config.Layers)
            return end_BTD;
        using var scope = TensorScope.Begin();
        return scope.Keep(Prefix(embedded_BTD, [.. Enumerable.Range(0, model.Config.Layers)], stop)[^1]);
    }

    /// <summary>Takes variants, by ascending end of their spans, up to the last layer, and hands their streams to the head.</summary>
    private void Wavefront(
        int[] together, IReadOnlyList<int> layers, IReadOnlyList<DepthSpan> variants, List<Tensor> streams_BTD, DepthHead head,
        CancellationToken stop)
    {
        using var scope = TensorScope.Begin();
        var (joined, rows) = (0, streams_BTD[0].Size(0));
        Tensor? stack_STD = null;
        for (var layer = variants[together[0]].Next; layer <= layers.Count; layer++)
        {
            stop.ThrowIfCancellationRequested();
            var before = joined;
            while (joined < together.Length && variants[together[joined]].Next == layer)
                joined++;
            // A variant enters with the stream that was before its span.
            var entering = together[before..joined].Select(i => streams_BTD[variants[i].First]);
            if (joined > before)
                stack_STD = joined == 1 ? entering.Single()
                    : Replace(stack_STD, streams_BTD, Tensor.Cat(0, [.. before > 0 ? [stack_STD!] : Array.Empty<Tensor>(), .. entering]));
            if (layer < layers.Count)
                stack_STD = Replace(stack_STD, streams_BTD, model.RunBlock(layers[layer], stack_STD!));
        }
        for (var i = 0; i < together.Length; i++)
            head.Add(together[i], stack_STD!.Slice(0, i * rows, (i + 1) * rows));
    }

    /// <summary>The next stack; the one before is given back at once, unless it is a stream of the model itself.</summary>
    private static Tensor Replace(Tensor? old, List<Tensor> streams, Tensor next)
    {
        if (old is not null && !streams.Contains(old))
            old.Dispose();
        return next;
    }
}
