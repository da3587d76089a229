using System.CommandLine;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands.Runs;

/// <summary>One run: whether it is at work, how far it is and how long it will take.</summary>
internal sealed class StatusCommand : CommandBase
{
    private const string Here = ".";

    private readonly Argument<string> _folder = new("run")
    {
        Description = "Run folder, or FOLDER.run of a training; for a folder of runs, or the current folder without one, lists them",
        HelpName = "RUN",
        Arity = ArgumentArity.ZeroOrOne,
    };

    internal StatusCommand() : base(
        "status",
        "Show what a run is doing, even while it is running: its process, stage, step, loss, rate, remaining time and last checkpoint",
        "espalier status runs/quickstart",
        "espalier status runs/quickstart --json | jq .state") => Arguments.Add(_folder);

    protected override int Run(CommandRun run)
    {
        var folder = run.Get(_folder) ?? Here;
        if (!RunStatus.IsRun(folder) && Directory.Exists(folder) && RunsCommand.Below(run, folder) is { Count: > 0 } found)
            run.Write(new RunsReport(folder, found), ShowAll);
        else if (run.Get(_folder) is null && !RunStatus.IsRun(folder))
            throw new EspalierException($"there is no run in this folder or below: give a run folder, as given to compress --output, or "
                + "FOLDER.run of a training");
        else
            run.Write(RunStatus.Read(folder), Show);
        return ExitCodes.Done;
    }

    private static void ShowAll(Page page, RunsReport report)
    {
        RunsCommand.Show(page, report);
        page.Line();
        page.Line($"more about one of them: {ProgramName.Shown} status {Quoted.Shell(ShownPath.Of(report.Runs[^1].Folder))}");
    }

    internal static void Show(Page page, RunStatus run)
    {
        var facts = new List<(string, string)> { ("run", ShownPath.Of(run.Folder)), ("state", Word(run.State)) };
        if (run.Pid is { } pid)
            facts.Add(("process", $"{pid} on {run.Host}, since {run.Since:u}{(run.State == RunState.Interrupted ? "; it is gone" : "")}"));
        if (run.Message is { } message)
            facts.Add(("error", message));
        if (run.Recipes.Count > 0)
            facts.Add(("recipe", string.Join(", ", run.Recipes)));
        facts.Add(("stage", Place(run)));
        if (run.Step is { } step)
            facts.Add(("step", run.Steps is { } steps ? $"{step} of {steps}" : $"{step}"));
        if (run.Loss is not null)
            facts.Add((run.Step is null ? "last training loss" : "training loss", Loss(run)));
        if (run.SecondsPerStep is { } seconds)
            facts.Add(("time per step", string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s")));
        if (run.StepsSeconds is { } taken)
            facts.Add(("time for its steps", $"{Units.Time(TimeSpan.FromSeconds(taken))} so far"
                + (run.RemainingSeconds is { } remaining ? $", about {Units.Time(TimeSpan.FromSeconds(remaining))} left" : "")));
        if (run.Checkpoint is { } checkpoint)
            facts.Add(("last checkpoint", $"step {checkpoint}"));
        foreach (var task in run.Tasks ?? [])
            facts.Add((task.Task, $"{task.Metric.Name}: "
                + string.Join(", ", task.Results.Select(result => $"{result.Model} {MetricText.Value(result.Metrics[0])}"))));
        if (run.Texts is { } texts)
            facts.Add(("synthesize", $"{Units.Counted(texts.Written, "text")} written, {texts.Kept} kept"));
        if (run.Streamed is { } streamed)
            facts.Add(("training text", streamed.ToString()));
        facts.Add(("time for finished stages", Units.Time(TimeSpan.FromSeconds(run.Seconds))));
        facts.Add(("size", Units.Bytes(run.Bytes)));
        page.Table(TextTable.OfFacts([.. facts]));
    }

    internal static string Word(RunState state) => state switch
    {
        RunState.Elsewhere => "held elsewhere",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>Where it is: stage 3 of 11 where that is known, else how many are done.</summary>
    internal static string Place(RunStatus run) => (run.State, run.Position, run.Stage) switch
    {
        (RunState.Done, { Of: var all }, _) => $"all {all} done",
        (RunState.Done, null, _) => $"all done ({Units.Counted(run.StagesDone, "stage folder")})",
        (_, { } at, var open) => $"{at.Stage} of {at.Of}: {at.TitleOf(open ?? at.Name)}{(run.Recipes.Count > 1 ? $" of {at.Arm}" : "")}",
        (_, null, { } open) => $"{open}, {run.StagesDone} done",
        _ => $"{run.StagesDone} done",
    };

    internal static string Loss(RunStatus run) => run.Loss is { } loss ? loss.ToString("0.000", CultureInfo.InvariantCulture) : "";
}
