using System.Globalization;
using Espalier.Cli.Commands;
using Espalier.Cli.Report.Charts;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;

namespace Espalier.Cli.Report;

/// <summary>What removing layers does, as one self-contained page: a line for each metric, what each would drop, and how far they agree.</summary>
internal static class DepthPicture
{
    /// <summary>Writes the page.</summary>
    internal static void Write(TextWriter output, DepthReport report)
    {
        using var html = new HtmlBuilder(output);
        html.Doctype();
        using var page = html.Open("html", ("lang", "en"));
        var title = $"Layers of {Path.GetFileName(Path.TrimEndingDirectorySeparator(report.Model))}";
        ReportWriter.Head(html, title);
        using var body = html.Open("body");
        using var main = html.Open("main");
        html.Leaf("h1", title);
        html.Leaf("p", report.Scores.Samples > 0
            ? $"{report.Scores.Layers} layers, {report.Scores.Samples} samples of {report.Scores.SampleLength} tokens."
            : $"{report.Scores.Layers} layers, multiple-choice items alone.", ("class", "lead"));
        Singles(html, report);
        Spans(html, report);
        Greedy(html, report);
        Chosen(html, report);
        Correlations(html, report);
    }

    private static void Singles(HtmlBuilder html, DepthReport report)
    {
        html.Leaf("h2", "Without each layer");
        html.Leaf("p", "What removing one layer adds to the metric's value for the whole model, as a share of the most that any layer adds. What lies low can go with the least harm.", ("class", "how"));
        Chart(html, "Harm of removing each layer", "layer", report.Kinds.Select(kind => (kind, Harm(report.Scores.Metrics[kind].Singles, report.Scores.Metrics[kind].Whole))));
    }

    private static void Spans(HtmlBuilder html, DepthReport report)
    {
        foreach (var width in report.Scores.Metrics.Values.SelectMany(metric => metric.Spans.Keys).Distinct().Order())
        {
            html.Leaf("h2", $"Without spans of {width} layers");
            html.Leaf("p", "The same for consecutive layers, by the first of them.", ("class", "how"));
            Chart(html, $"Harm of removing spans of {width} layers", "first layer of the span",
                report.Kinds.Where(kind => report.Scores.Metrics[kind].Spans.ContainsKey(width)).Select(kind => (kind, Harm(report.Scores.Metrics[kind].Spans[width], report.Scores.Metrics[kind].Whole))));
        }
    }

    private static void Greedy(HtmlBuilder html, DepthReport report)
    {
        var sequences = report.Kinds.Where(kind => report.Scores.Metrics[kind].Removed.Length > 0).ToArray();
        if (sequences.Length == 0)
            return;
        html.Leaf("h2", "One layer after the other");
        html.Leaf("p", "Each time the layer goes whose removal does the least harm to what is left; the metric's value then.", ("class", "how"));
        var table = new HtmlTable([("metric", false), .. Enumerable.Range(1, sequences.Max(kind => report.Scores.Metrics[kind].Removed.Length)).Select(number => ($"{number}.", true))]);
        foreach (var kind in sequences)
            table.Add(null, [new(DepthNames.Of(kind)), .. report.Scores.Metrics[kind].Removed.Zip(report.Scores.Metrics[kind].RemovedValues, (layer, value) => new Cell($"layer {layer}", Figures.Short(value)))]);
        table.Write(html);
    }

    private static void Chosen(HtmlBuilder html, DepthReport report)
    {
        if (report.Drop is not { } drop)
            return;
        html.Leaf("h2", $"Which {drop} would go");
        var table = new HtmlTable(("metric", false), ("contiguous", false), ("scattered", false), ("greedy", false));
        foreach (var kind in report.Kinds)
            table.Add(null, [new(DepthNames.Of(kind)), .. new[] { DepthChoice.Contiguous, DepthChoice.Scattered, DepthChoice.Greedy }.Select(choice => new Cell(string.Join(", ", report.Chosen(kind, choice))))]);
        table.Write(html);
    }

    private static void Correlations(HtmlBuilder html, DepthReport report)
    {
        html.Leaf("h2", "How far the metrics agree");
        html.Leaf("p", "Spearman's rank correlation over single layers: 1 puts them in the same order, −1 in the opposite one.", ("class", "how"));
        var table = new HtmlTable([("", false), .. report.Kinds.Select(kind => (DepthNames.Of(kind), true))]);
        foreach (var first in report.Kinds)
            table.Add(null, [new(DepthNames.Of(first)), .. report.Kinds.Select(second =>
                new Cell(report.Correlation(first, second).ToString("0.00;−0.00;0.00", CultureInfo.InvariantCulture)))]);
        table.Write(html);
    }

    private static void Chart(HtmlBuilder html, string title, string label, IEnumerable<(DepthMetricKind Kind, double[] Values)> lines)
    {
        var series = lines.Select(line => new Series(DepthNames.Of(line.Kind), (int)line.Kind, SeriesStyle.Line, [.. line.Values.Select((value, x) => new Point(x, value))])).ToArray();
        new SvgChart { Title = title, XLabel = label, YLabel = "harm, share of the most", Series = series }.Write(html);
        Legend.Write(html, series);
    }

    /// <summary>Values over the whole model's, the largest being 1; of those below, as much below.</summary>
    private static double[] Harm(double[] values, double whole)
    {
        var most = values.Max(value => Math.Abs(value - whole));
        return [.. values.Select(value => most > 0 ? (value - whole) / most : 0)];
    }
}
