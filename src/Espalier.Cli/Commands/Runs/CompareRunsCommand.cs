using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Runs.Comparison;

namespace Espalier.Cli.Commands.Runs;

/// <summary>Proves two runs, or two models, equal, or names the first difference.</summary>
internal sealed class CompareRunsCommand : CommandBase
{
    private readonly Argument<string> _first = new("a") { Description = "Run folder, stage, checkpoint or model folder" };
    private readonly Argument<string> _second = new("b") { Description = "What A is compared with, of the same kind" };
    private readonly Option<bool> _exact = new("--exact")
    { Description = "Compare bits, and every file that does not depend on the clock; without it, numbers are compared by value" };
    private readonly ValueOption<double> _tolerance = new("--tolerance", Kinds.Number("X", Limits.From(0)),
        "Largest absolute difference allowed between numbers", 0);

    internal CompareRunsCommand() : base(
        "compare-runs",
        "Prove that two runs are equal, or show the first difference",
        "espalier compare-runs runs/quickstart runs/again --exact",
        "espalier compare-runs runs/quickstart/student runs/again/student --tolerance 1e-6 --json")
    {
        Arguments.Add(_first);
        Arguments.Add(_second);
        Options.Add(_exact);
        Options.Add(_tolerance);
    }

    protected override int Run(CommandRun run)
    {
        var options = new RunComparisonOptions(run.Get(_exact), run.Get(_tolerance) ?? 0);
        var result = RunComparison.Run(run.Get(_first)!, run.Get(_second)!, options, run.Cancellation);
        run.Write(result, (page, found) => Show(page, found, options), ("exact", options.Exact), ("tolerance", options.Tolerance));
        return result.Equal ? ExitCodes.Done : ExitCodes.Failed;
    }

    private const int MostDistances = 40;

    private static void Show(Page page, RunComparisonResult report, RunComparisonOptions options)
    {
        if (report.First is { } first)
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
            page.Heading(options.Exact ? "equal, bit for bit" : report.Distances.Count == 0 ? "equal"
                : $"equal within {Text(options.Tolerance)}");
        }
        page.Line(
            string.Create(CultureInfo.InvariantCulture,
                $"compared: {report.Files} files, {report.Lines} lines of metrics, {report.Tensors} tensors"));
        foreach (var stage in report.Checks)
            page.Line($"checks of {stage.Stage}: " + (stage.A?.Count == stage.B?.Count ? $"{Held(stage.A)} in both"
                : $"{Held(stage.A)} in {report.A}, {Held(stage.B)} in {report.B}"));
        if (options.Exact || report.Distances.Count == 0)
            return;
        var table = new TextTable("file", "what", ">largest difference", ">at");
        foreach (var distance in report.Distances.Take(MostDistances))
            table.Add(distance.File, distance.Name, Text(distance.Largest), distance.At.ToString(CultureInfo.InvariantCulture));
        page.Line();
        page.Table(table);
        if (report.Distances.Count > MostDistances)
            page.Line($"and {report.Distances.Count - MostDistances} more; --json lists all");
    }

    private static string Held(IReadOnlyList<string>? checks) =>
        checks is null ? "none on record" : $"{checks.Count} passed";

    private static string Text(double value) => value.ToString("0.###e+0", CultureInfo.InvariantCulture);
}
