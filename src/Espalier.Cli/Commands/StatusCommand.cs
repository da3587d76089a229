using System.CommandLine;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>One run: whether it is at work, how far it is and how long it will take.</summary>
internal sealed class StatusCommand : CommandBase
{
    private readonly Argument<string> folder = new("run") { Description = "Run folder, or FOLDER.run of a training", HelpName = "RUN" };

    internal StatusCommand() : base(
        "status",
        "Show what a run is doing, also while it goes on: its process, stage, step, loss, rate, remaining time and last checkpoint",
        "espalier status runs/quickstart",
        "espalier status runs/quickstart --json | jq .state") => Arguments.Add(folder);

    protected override int Run(CommandRun run)
    {
        run.Write(RunStatus.Read(run.Get(folder)!), StatusPage.Show);
        return ExitCodes.Done;
    }
}
