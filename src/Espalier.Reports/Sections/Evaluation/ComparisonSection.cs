using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Evaluation;

/// <summary>Recipes against each other: what is left of a difference when chance is taken off.</summary>
internal static class ComparisonSection
{
    /// <summary>Of more pairs of recipes, those with the first alone are shown.</summary>
    private const int MostPairs = 10;

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var results = run.Arms.Select(arm => arm.Result).ToArray();
        var (seeds, differences) = (SeedSummary.Of(results.SelectMany(result => result.Rows)), ArmDifference.Of(results));
        if (seeds.Count + differences.Count == 0)
            return;
        html.Leaf("h2", "Arms compared");
        if (seeds.Count > 0)
            Seeds(html, seeds);
        if (differences.Count > 0)
            Differences(html, differences);
    }

    private static void Seeds(HtmlBuilder html, IReadOnlyList<SeedSummary> seeds)
    {
        html.Leaf("h3", "Over the seeds");
        html.Note(
            "How to read it: the mean NLL of a model over the seeds of its recipe, in nats per token, and the standard deviation of one "
                + "run. A model that does not depend on the seed, or is shared by several recipes, appears once.");
        var table = new HtmlTable("Recipe", "Model", "Text", ">Mean NLL", ">SD of a run", ">Different models");
        foreach (var row in seeds)
            table.Add(row.Model == "student" ? "student" : null, row.Arm, row.Model, row.Set, Figures.Loss(row.Nll),
                row.NllSd is { } sd ? Figures.Loss(sd) : Figures.None, Units.Exact(row.Seeds));
        table.Write(html);
    }

    private static void Differences(HtmlBuilder html, IReadOnlyList<ArmDifference> differences)
    {
        var pairs = differences.Select(row => (row.Arm, row.Against)).Distinct().Count();
        var shown = pairs <= MostPairs ? differences : [.. differences.Where(row => row.Against == differences[0].Against)];
        html.Leaf("h3", "Differences of the students");
        html.Note(
            "How to read it: the loss of a recipe's student minus another's, in nats per token; below 0 the first is better. Pairs "
                + "are runs of the same seed, and the interval then says where "
            + "the mean over further seeds would be; with one seed they are windows of the text, and it says where another text of the "
            + "kind would put it. Either way it is a 95 % interval by Student's t: one that contains 0 may be chance, "
            + "and one in twenty such differences is expected to look real by chance."
            + (shown.Count < differences.Count ? $" Only those against {differences[0].Against} are shown; compress --json prints "
            + "all." : ""));
        foreach (var set in shown.Select(row => row.Set).Distinct())
        {
            var rows = shown.Where(row => row.Set == set).ToArray();
            new IntervalChart($"Difference of NLL on {set} with 95 % intervals", $"{set}: difference of NLL, nats per token",
                [.. rows.Select(row =>
                new Interval($"{row.Arm} against {row.Against}", row.Nll, (row.Upper - row.Lower) / 2))])
            { Zero = true, Signed = true }.Write(html);
        }
        var table = new HtmlTable("Student of", "Against", "Text", ">Difference of NLL", ">95 % interval", ">Pairs");
        foreach (var row in shown)
            table.Add(null, row.Arm, row.Against, row.Set, Figures.Signed(row.Nll),
                $"{Figures.Signed(row.Lower)} to {Figures.Signed(row.Upper)}",
                string.Create(CultureInfo.InvariantCulture, $"{row.Pairs} {row.Over}"));
        table.Write(html);
    }
}
