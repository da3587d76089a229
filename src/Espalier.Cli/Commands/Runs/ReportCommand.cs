using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Reports;

namespace Espalier.Cli.Commands.Runs;

/// <summary>The report of a run folder, again or already.</summary>
internal sealed class ReportCommand : CommandBase
{
    private const string Standard = "-";

    private readonly Argument<string> _folder = new("run") { Description = "Run folder", HelpName = "RUN" };

    private readonly OutputOption _output = new(
        "--output", "The page to write; - is stdout. By default RUN/report.html, or RUN-so-far.html next to a run that is still going",
        "FILE.html");

    internal ReportCommand() : base(
        "report",
        "Write the report of a run from its folder, even while it is running",
        "espalier report runs/quickstart",
        "espalier report runs/quickstart --output quickstart.html --json")
    {
        Arguments.Add(_folder);
        Options.Add(_output);
    }

    protected override int Run(CommandRun run)
    {
        var place = Path.TrimEndingDirectorySeparator(run.Get(_folder)!);
        var status = RunStatus.Read(place);
        // Made whole before anything is written: what cannot be read leaves no half page.
        using var text = new StringWriter();
        ReportFolder.Write(text, place);
        var bytes = System.Text.Encoding.UTF8.GetBytes(text.ToString());
        if (run.Get(_output) == Standard)
        {
            if (run.Json)
                throw new EspalierException("--output - and --json both write to stdout: leave one of them out");
            run.Terminal.Output.Write(text.ToString());
            return ExitCodes.Done;
        }
        string file;
        if (run.Has(_output))
        {
            file = _output.File(run, OutputKind.Html, new ReadPlace("the run folder", place))!;
            DurableOutput.WriteFile(file, bytes.Length, stream => stream.Write(bytes));
        }
        else if (GoesOn(status.State))
            file = SoFarPage.Write(place, text.ToString());
        else
        {
            file = Path.Combine(place, "report.html");
            using (var held = RunFolder.Open(place, run.Progress.Warn))
                held.WriteFile("report.html", stream => stream.Write(bytes));
            SoFarPage.Retire(place, run.Progress);
        }
        run.Write(new ReportFacts(place, status.State, file), Show);
        return ExitCodes.Done;
    }

    private static bool GoesOn(RunState state) => state is RunState.Running or RunState.Elsewhere;

    private static void Show(Page page, ReportFacts facts) =>
        page.Line($"{ShownPath.Of(facts.Output)}{(GoesOn(facts.State) ? ", still running" : "")}");
}

/// <summary>What <c>report --json</c> prints.</summary>
internal sealed record ReportFacts(string Run, RunState State, string Output);
