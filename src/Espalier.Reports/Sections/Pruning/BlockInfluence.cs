using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Pruning;

/// <summary>How much each block, or span of blocks, turns the residual stream; of scores by weights, what its weights add up to.</summary>
internal static class BlockInfluence
{
    internal static void Write(HtmlBuilder html, ImportanceScores scores, ReportArm arm)
    {
        var (name, how, unit) = scores.Method.ReadsActivations()
            ? ("Block influence", "One minus the mean cosine between the residual stream before and after", "1 − cosine")
            : ("Score", "The sum of the layers' weights, or chance", "score");
        foreach (var (width, influence) in (scores.BlockInfluence ?? new Dictionary<int, double[]>()).OrderBy(span => span.Key))
        {
            if (influence is not { Length: > 0 })
                continue;
            var dropped = Dropped(scores, arm);
            var marked = Enumerable.Range(0, influence.Length).Where(first => Enumerable.Range(first, width).All(dropped.Contains))
                .ToHashSet();
            html.Leaf("h3", width == 1 ? $"{name} of each layer" : $"{name} of spans of {width} layers");
            html.Note($"{how}; layers with low values do the least harm when removed."
                + (marked.Count > 0 ? " ✕: dropped." : ""));
            new BarChart
            {
                Title = $"{name}, width {width}",
                XLabel = width == 1 ? "layer" : "first layer of the span",
                YLabel = unit,
                Values = influence,
                Marked = marked,
                Mark = "dropped",
            }.Write(html);
        }
    }

    private static HashSet<int> Dropped(ImportanceScores scores, ReportArm arm)
    {
        var layers = scores.BlockInfluence.TryGetValue(1, out var single) ? single.Length : scores.Layers;
        return arm.Plan is { Layers: { } kept } ? [.. Enumerable.Range(0, layers).Except(kept)] : [];
    }
}
