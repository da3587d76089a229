using System.Globalization;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>What <c>score --compare</c> shows to a person.</summary>
internal static class ScoreComparisonPage
{
    internal static void Show(Page page, ScoreComparisonReport report)
    {
        page.Heading($"{report.A} and {report.B}");
        foreach (var (field, a, b) in report.Differences)
            page.Line($"{field} differs: {Short(a)} and {Short(b)}");
        var table = new TextTable(
            new("axis"), new("units", Number: true), new("kept", Number: true), new("rank correlation", Number: true), new("of all layers together", Number: true), new("kept by both", Number: true));
        foreach (var axis in report.Axes)
            table.Add(
                axis.Axis, axis.Units.ToString(CultureInfo.InvariantCulture), axis.Kept.ToString(CultureInfo.InvariantCulture), Digits(axis.Correlation),
                axis.CorrelationPerLayer is null ? "" : Digits(axis.NetworkCorrelation), Percent(axis.Overlap));
        page.Table(table);
        var (neurons, heads) = (report.Axes.Single(axis => axis.Axis == "neurons"), report.Axes.Single(axis => axis.Axis == "heads"));
        var layers = new TextTable(
            new("layer", Number: true), new("neurons, correlation", Number: true), new("kept by both", Number: true), new("heads, correlation", Number: true), new("kept by both", Number: true));
        for (var layer = 0; layer < neurons.CorrelationPerLayer!.Length; layer++)
            layers.Add(
                layer.ToString(CultureInfo.InvariantCulture), Digits(neurons.CorrelationPerLayer[layer]), Percent(neurons.OverlapPerLayer![layer]),
                Digits(heads.CorrelationPerLayer![layer]), Percent(heads.OverlapPerLayer![layer]));
        page.Table(layers);
    }

    private static string Short(string value) => value.Length == 0 ? "nothing" : value.Length > 16 ? value[..12] + "…" : value;

    private static string Digits(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
