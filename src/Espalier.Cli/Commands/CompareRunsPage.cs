using System.Globalization;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>What <c>compare-runs</c> shows to a person.</summary>
internal static class CompareRunsPage
{
    private const int MostDistances = 40;

    internal static void Show(Page page, CompareRunsReport report)
    {
        if (report.FirstDifference is { } first)
        {
            page.Heading("different");
            page.Table(TextTable.OfFacts([
                ("first difference", first.Place.Length == 0 ? first.File : $"{first.File}, {first.Place}"),
                (report.A, first.A),
                (report.B, first.B),
            ]));
        }
        else
        {
            page.Heading(report.Exact ? "equal, bit for bit" : report.Distances.Count == 0 ? "equal" : $"equal within {Text(report.Tolerance)}");
        }
        page.Line($"compared: {report.Compared}");
        if (report.Exact || report.Distances.Count == 0)
            return;
        var table = new TextTable(new TextColumn("file"), new TextColumn("what"), new TextColumn("largest difference", Number: true), new TextColumn("at", Number: true));
        foreach (var distance in report.Distances.Take(MostDistances))
            table.Add(distance.File, distance.Name, Text(distance.Largest), distance.At.ToString(CultureInfo.InvariantCulture));
        page.Line();
        page.Table(table);
        if (report.Distances.Count > MostDistances)
            page.Line($"and {report.Distances.Count - MostDistances} more; --json lists all");
    }

    private static string Text(double value) => value.ToString("0.###e+0", CultureInfo.InvariantCulture);
}
