using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>Proves two runs, or two models, equal, or names the first difference.</summary>
internal sealed class CompareRunsCommand : CommandBase
{
    private readonly Argument<string> first = new("a") { Description = "Run folder, stage, checkpoint or model folder" };
    private readonly Argument<string> second = new("b") { Description = "Another of the same kind" };
    private readonly Option<bool> exact = new("--exact") { Description = "Compare bits, and every file that does not depend on the clock; otherwise numbers by value" };
    private readonly NumberOption tolerance = new("--tolerance", "How far numbers may be apart, absolutely", "X", 0);

    internal CompareRunsCommand() : base(
        "compare-runs",
        "Prove two runs equal, or name the first difference",
        "espalier compare-runs runs/quickstart runs/again --exact",
        "espalier compare-runs runs/quickstart/student runs/again/student --tolerance 1e-6 --json")
    {
        Arguments.Add(first);
        Arguments.Add(second);
        Options.Add(exact);
        Options.Add(tolerance);
    }

    protected override int Run(CommandRun run)
    {
        var options = new RunComparisonOptions(run.Get(exact), run.Get(tolerance) ?? 0);
        var report = CompareRunsReport.Of(RunComparison.Run(run.Get(first)!, run.Get(second)!, options, run.Cancellation), options);
        run.Write(report, CompareRunsPage.Show);
        return report.Equal ? ExitCodes.Done : ExitCodes.Failed;
    }
}
