using Espalier.Compression.Importance.Depth;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;

namespace Espalier.Reports.Pictures;

/// <summary>
/// What removing layers does, as one self-contained page: a line for each metric, what each would drop, and how far they agree.
/// </summary>
internal static class DepthPicture
{
    public static void Write(TextWriter output, DepthReport report)
    {
        var title = $"Layers of {Path.GetFileName(Path.TrimEndingDirectorySeparator(report.Model))}";
        HtmlPage.Write(output, title, title, html =>
        {
            html.Leaf("p", report.Scores.Samples > 0
                ? $"{report.Scores.Layers} layers, {report.Scores.Samples} samples of {report.Scores.SampleLength} tokens."
                : $"{report.Scores.Layers} layers, multiple-choice items only.", ("class", "lead"));
            Singles(html, report);
            Spans(html, report);
            Greedy(html, report);
            Chosen(html, report);
            Correlations(html, report);
            Values(html, report);
        });
    }

    private static void Singles(HtmlBuilder html, DepthReport report)
    {
        html.Leaf("h2", "Without each layer");
        html.Note(
            "How much removing one layer adds to the metric's value for the whole model, relative to the layer that adds most. Layers with "
                + "low values do the least harm when removed; the number next to a mark is the layer that its metric would miss least.");
        Chart(html, "Harm of removing each layer", "layer",
            report.Kinds.Select(kind => (kind, Harm(report.Scores.Metrics[kind].Singles, report.Scores.Metrics[kind].Whole))));
    }

    private static void Spans(HtmlBuilder html, DepthReport report)
    {
        foreach (var width in report.Scores.Metrics.Values.SelectMany(metric => metric.Spans.Keys).Distinct().Order())
        {
            html.Leaf("h2", $"Without spans of {width} layers");
            html.Note("The same for consecutive layers, by the first of them.");
            Chart(html, $"Harm of removing spans of {width} layers", "first layer of the span",
                report.Kinds.Where(kind => report.Scores.Metrics[kind].Spans.ContainsKey(width))
                    .Select(kind => (kind, Harm(report.Scores.Metrics[kind].Spans[width], report.Scores.Metrics[kind].Whole))));
        }
    }

    private static void Greedy(HtmlBuilder html, DepthReport report)
    {
        var sequences = report.Kinds.Where(kind => report.Scores.Metrics[kind].Removed.Length > 0).ToArray();
        if (sequences.Length == 0)
            return;
        html.Leaf("h2", "Greedy removal");
        html.Note("Each step removes the layer that does the least harm to the remaining model; shown is the metric's value after it.");
        var table = new HtmlTable(["metric",
            .. Enumerable.Range(1, sequences.Max(kind => report.Scores.Metrics[kind].Removed.Length)).Select(number => $">{number}.")]);
        foreach (var kind in sequences)
            table.Add(null,
                [new(EnumName.Of(kind)),
                    .. report.Scores.Metrics[kind].Removed.Zip(report.Scores.Metrics[kind].RemovedValues,
                        (layer, value) => new Cell($"layer {layer}", Figures.Short(value)))]);
        table.Write(html);
    }

    private static void Chosen(HtmlBuilder html, DepthReport report)
    {
        if (report.Drop is not { } drop)
            return;
        html.Leaf("h2", $"Which {drop} would be removed");
        var table = new HtmlTable("metric", "contiguous", "scattered", "greedy");
        foreach (var kind in report.Kinds)
            table.Add(null,
                [new(EnumName.Of(kind)),
                    .. new[] { DepthChoice.Contiguous, DepthChoice.Scattered,
                        DepthChoice.Greedy }.Select(choice => new Cell(string.Join(", ", report.Chosen(kind, choice))))]);
        table.Write(html);
    }

    private static void Correlations(HtmlBuilder html, DepthReport report)
    {
        html.Leaf("h2", "Agreement of the metrics");
        html.Note("Spearman's rank correlation over single layers: 1 is the same order, −1 the opposite one.");
        var table = new HtmlTable(["", .. report.Kinds.Select(kind => $">{EnumName.Of(kind)}")]);
        foreach (var first in report.Kinds)
            table.Add(null, [new(EnumName.Of(first)), .. report.Kinds.Select(second =>
                new Cell(report.Correlation(first, second).ToString("0.00;−0.00;0.00", CultureInfo.InvariantCulture)))]);
        table.Write(html);
    }

    private static void Values(HtmlBuilder html, DepthReport report)
    {
        html.Leaf("h2", "The values");
        html.Note("Each metric without one layer; the first row is the whole model. Higher means more harm.");
        var table = new HtmlTable(["without layer", .. report.Kinds.Select(kind => $">{EnumName.Of(kind)}, {Unit(kind)}")]);
        table.Add("student", ["none", .. report.Kinds.Select(kind => Figures.Short(report.Scores.Metrics[kind].Whole))]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add(null, [Units.Exact(layer),
                .. report.Kinds.Select(kind => Figures.Short(report.Scores.Metrics[kind].Singles[layer]))]);
        table.Write(html);
    }

    private static string Unit(DepthMetricKind kind) => kind switch
    {
        DepthMetricKind.BlockInfluence => "1 − cosine",
        DepthMetricKind.Angular => "angle / π",
        DepthMetricKind.LmLoss => "nats per token",
        DepthMetricKind.LogitMse => "squared logits",
        _ => "nats an item",
    };

    private static void Chart(HtmlBuilder html, string title, string label, IEnumerable<(DepthMetricKind Kind, double[] Values)> lines)
    {
        var series =
            lines.Select(line =>
                new Series(EnumName.Of(line.Kind), (int)line.Kind, SeriesStyle.Line,
                    [.. line.Values.Select((value, x) => new Point(x, value))])).ToArray();
        var marks =
            series.Select(line => line with { Style = SeriesStyle.Marks, Name = $"{line.Name}, {label}", Points = Named(line.Points) });
        new SvgChart
        {
            Title = title,
            XLabel = label,
            YLabel = "harm, share of the metric's largest",
            Series = [.. series, .. marks],
            WholeX = true,
            Height = 300
        }.Write(html);
        Legend.Write(html, series);
    }

    /// <summary>The least harmful of a line has its number beside it.</summary>
    private static Point[] Named(IReadOnlyList<Point> points)
    {
        var least = points.Where(point => double.IsFinite(point.Y)).Select(point => point.Y).DefaultIfEmpty(double.NaN).Min();
        var first = points.FirstOrDefault(point => point.Y == least);
        return [.. points.Select(point => point.X == first.X && point.Y == least ? point with { Label = Units.Exact((long)point.X) }
            : point)];
    }

    /// <summary>Values over the whole model's, the largest being 1; of those below, as much below.</summary>
    private static double[] Harm(double[] values, double whole)
    {
        var most = values.Where(double.IsFinite).Select(value => Math.Abs(value - whole)).DefaultIfEmpty().Max();
        return [.. values.Select(value => most > 0 ? (value - whole) / most : 0)];
    }
}
