using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Depth.Metrics;

namespace Espalier.Compression.Tests.Importance.Depth;

/// <summary>
/// The same as <see cref="DepthScan"/> by one forward pass of every variant from the embedding up: what the scan is compared with, in
/// values and in time.
/// </summary>
internal sealed class NaiveDepthScan(Decoder model)
{
    /// <summary>Runs every variant on every batch and tells the metrics, those of <see cref="DepthMetric.RunsVariants"/>.</summary>
    public void Run(DepthData data, IReadOnlyList<int> layers, IReadOnlyList<DepthSpan> variants, IReadOnlyList<DepthMetric> metrics,
        CancellationToken stop = default)
    {
        foreach (var metric in metrics)
            metric.Begin(variants.Count);
        using var noGrad = GradMode.Disable();
        foreach (var batch in data.Batches())
        {
            using var scope = TensorScope.Begin();
            var ids_BT = Tensor.From<long>(batch.Ids, batch.Rows, batch.Length);
            var whole_BTD = metrics.Any(metric => metric.ReadsReference)
                ? Forward(ids_BT, [.. Enumerable.Range(0, model.Config.Layers)], stop) : null;
            using var head = new DepthHead(model, batch, metrics, whole_BTD);
            for (var i = 0; i < variants.Count; i++)
            {
                using var inner = TensorScope.Begin();
                head.Add(i, Forward(ids_BT, layers.Where((_, at) => at < variants[i].First || at >= variants[i].Next), stop));
                head.Flush();
            }
        }
    }

    private Tensor Forward(Tensor ids_BT, IEnumerable<int> layers, CancellationToken stop)
    {
        using var scope = TensorScope.Begin();
        var x_BTD = model.EmbedStream(ids_BT);
        foreach (var layer in layers)
        {
            stop.ThrowIfCancellationRequested();
            x_BTD = model.RunBlock(layer, x_BTD);
        }
        return scope.Keep(x_BTD);
    }
}
