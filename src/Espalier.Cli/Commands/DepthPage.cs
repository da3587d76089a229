using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance.Depth;
using Espalier.Reports.Pictures;

namespace Espalier.Cli.Commands;

/// <summary>What <c>depth</c> shows to a person: layers by metrics, what would go, and how far the metrics agree.</summary>
internal static class DepthPage
{
    internal static void Show(Page page, DepthReport report)
    {
        var scores = report.Scores;
        page.Heading(scores.Samples > 0 ? $"{report.Model}: {scores.Samples} samples of {scores.SampleLength} tokens; higher means more harm" : $"{report.Model}: higher means more harm");
        page.Table(Layers(report));
        if (report.Drop is { } drop)
        {
            page.Line();
            page.Heading($"{drop} of {scores.Layers} layers go");
            page.Table(Chosen(report));
        }
        if (report.Kinds.Count > 1)
        {
            page.Line();
            page.Heading("rank correlation (Spearman) over single layers");
            page.Table(Correlations(report));
        }
        foreach (var file in new[] { report.Output, report.Picture }.OfType<string>())
            page.Line($"wrote {file}");
    }

    /// <summary>A row a layer; the whole model's comes first, without a layer.</summary>
    internal static CsvTable Csv(DepthReport report)
    {
        var table = new CsvTable(["without_layer", .. report.Kinds.Select(DepthNames.Of)]);
        table.Add([null, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Whole)]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Singles[layer])]);
        return table;
    }

    private static TextTable Layers(DepthReport report)
    {
        var columns = report.Kinds.Select(kind => (Name: DepthNames.Of(kind), report.Scores.Metrics[kind].Whole, Values: report.Scores.Metrics[kind].Singles)).ToList();
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.LmLoss, out var loss))
            columns.Add(("perplexity", Math.Exp(loss.Whole), [.. loss.Singles.Select(Math.Exp)]));
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.Task, out var task) && task.Accuracies is { } accuracies)
            columns.Add(("accuracy", task.WholeAccuracy!.Value, accuracies));
        var table = new TextTable([new("without layer", Number: true), .. columns.Select(column => new TextColumn(column.Name, Number: true))]);
        table.Add(["none", .. columns.Select(column => Digits(column.Whole))]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer.ToString(CultureInfo.InvariantCulture), .. columns.Select(column => Digits(column.Values[layer]))]);
        return table;
    }

    private static TextTable Chosen(DepthReport report)
    {
        var table = new TextTable(new("by"), new("contiguous"), new("scattered"), new("greedy"));
        foreach (var kind in report.Kinds)
            table.Add(DepthNames.Of(kind), List(kind, DepthChoice.Contiguous), List(kind, DepthChoice.Scattered), List(kind, DepthChoice.Greedy));
        return table;

        string List(DepthMetricKind kind, DepthChoice choice) => string.Join(' ', report.Chosen(kind, choice));
    }

    private static TextTable Correlations(DepthReport report)
    {
        var table = new TextTable([new(""), .. report.Kinds.Select(kind => new TextColumn(DepthNames.Of(kind), Number: true))]);
        foreach (var first in report.Kinds)
            table.Add([DepthNames.Of(first), .. report.Kinds.Select(second => Two(report.Correlation(first, second)))]);
        return table;
    }

    private static string Digits(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
