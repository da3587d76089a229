using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Files;
using Espalier.Reports.Runs;

namespace Espalier.Cli.Commands;

/// <summary>What <c>compress</c> shows to a person at the end.</summary>
internal static class CompressPage
{
    internal static void Show(Page page, CompressReport report)
    {
        page.Table(ModelTable.Of(report.Rows));
        if (ModelTable.Legend(report.Rows) is { } legend)
            page.Line(legend);
        page.Line();
        if (report.Seeds is { } seeds)
        {
            page.Table(SeedsTable(seeds));
            page.Line();
        }
        if (report.Differences is { } differences)
        {
            page.Table(DifferencesTable(differences));
            page.Line();
        }
        var stages = new TextTable(new("stage"), new("time", Number: true), new(""));
        foreach (var stage in report.Stages.GroupBy(stage => stage.Stage))
        {
            var times = stage.Count() > 1 ? $"{stage.Count()} times" : "";
            var reused = stage.All(row => row.Reused) ? "done before" : "";
            stages.Add(stage.Key, Units.Time(TimeSpan.FromSeconds(stage.Sum(row => row.Seconds))), string.Join(", ", new[] { times, reused }.Where(text => text.Length > 0)));
        }
        page.Table(stages);
        page.Line();
        ProfilePage.Show(page, report.Profile);
        foreach (var search in report.Search ?? [])
        {
            SearchPage.ShowResult(page, search.Search);
            page.Line();
        }
        foreach (var why in (report.Need ?? []).Select(row => row.Need.Why).Distinct())
            page.Line(why);
        foreach (var student in report.Students)
            page.Line($"student  {student}");
        foreach (var file in report.Gguf)
            page.Line($"gguf     {file}");
        page.Line($"report   {report.Report}");
        if (report.Students is [var first, ..])
            page.Line($"try it   {ProgramName.Shown} generate {first} --prompt \"Once upon a time\"");
    }

    private static TextTable SeedsTable(IReadOnlyList<SeedSummary> seeds)
    {
        var table = new TextTable(new("recipe"), new("model"), new("text"), new("mean nll", Number: true), new("sd over seeds", Number: true), new("seeds", Number: true));
        foreach (var row in seeds)
            table.Add(row.Arm, row.Model, row.Set, Number($"{row.Nll:0.0000}"), row.NllSd is { } sd ? Number($"{sd:0.0000}") : "none", Number($"{row.Seeds}"));
        return table;
    }

    /// <summary>Against the first recipe alone: of many recipes the pairs are many, and <c>--json</c> has them all.</summary>
    private static TextTable DifferencesTable(IReadOnlyList<ArmDifference> differences)
    {
        var table = new TextTable(
            new("student of"), new("against"), new("text"), new("nll difference", Number: true), new("95 % interval", Number: true), new("paired over", Number: true));
        foreach (var row in differences.Where(row => row.Against == differences[0].Against))
            table.Add(row.Arm, row.Against, row.Set, Number($"{row.Nll:+0.0000;-0.0000}"), Number($"{row.Lower:+0.0000;-0.0000} to {row.Upper:+0.0000;-0.0000}"), $"{row.Pairs} {row.Over}");
        return table;
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
