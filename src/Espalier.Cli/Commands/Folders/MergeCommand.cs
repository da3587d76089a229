using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Folders;

/// <summary>The mean of the weights of several models, or of several checkpoints of a training.</summary>
internal sealed class MergeCommand : CommandBase
{
    private const double LeastShare = 1e-6, MostShare = 1e6;

    private readonly Argument<string[]> _sources = new("sources")
    {
        Description = "Two or more: Hugging Face folders with the same config and tokenizer, or checkpoints of a training that is running "
            + "or was interrupted (RUN/stages/STAGE/checkpoints/step-N); a finished one keeps none",
        HelpName = "FOLDER",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly OutputOption _output = new("--output", "The folder to write", "FOLDER", required: true);

    private readonly TextOption _weights = new("--weights", "Weight of each source, in their order; by default all equal", "X,X");

    private readonly TextOption _like = new("--like",
        "With training checkpoints only: the model that the training started from, for config, tokenizer and frozen weights", "FOLDER");

    private readonly DtypeOption _dtype = new();
    private readonly MachineOptions _machine = new();

    internal MergeCommand() : base(
        "merge",
        "Average the weights of several models with the same config, or of several checkpoints of a training",
        "espalier merge student from-cache --output merged",
        "espalier merge student from-cache stepwise --weights 2,1,1 --output weighted --json") =>
        Takes([_sources, _output, _weights, _like, .. _dtype.Options, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var folders = run.Get(_sources)!;
        if (folders.Length < 2)
            throw new EspalierException($"only {folders[0]} was given: give at least two models or two checkpoints");
        var shares = Shares(run.Get(_weights), folders.Length);
        if (folders.FirstOrDefault(source => !Directory.Exists(source)) is { } missing)
            throw new EspalierException(File.Exists(missing) ? $"{missing}: is a file; give its folder"
                : Path.GetFileName(Path.TrimEndingDirectorySeparator(missing)).StartsWith("step-", StringComparison.Ordinal)
                    ? $"{missing}: not found; a training keeps its last checkpoints while it runs and none when it is done: its "
                        + "model is in RUN/stages/STAGE/model"
                    : $"{missing}: not found");
        var model = folders.FirstOrDefault(source => !MergeStage.IsTraining(source));
        if (model is not null && run.Has(_like))
            throw new EspalierException($"--like was given, but {model} is a model itself, with config and tokenizer: leave it out");
        model ??= run.Get(_like) ?? throw new EspalierException(
            "training checkpoints have neither config nor tokenizer: give the model that the training started from with --like");

        using var checkpoint = Checkpoint.Open(model).WithNotes(run);
        var folder = _output.NewFolder(run, folders.Append(model).Distinct().Select(source => new ReadPlace("the source", source)));
        // What was trained is float32; whole models stay what they are.
        var stored = _dtype.IsGiven(run) || !run.Has(_like) ? _dtype.Read(run, checkpoint) : ElementType.F32;
        foreach (var twice in folders.GroupBy(source => RealPath.Of(source)).Where(same => same.Count() > 1))
            run.Progress.Warn($"{twice.First()} is given {twice.Count()} times and counts that often; --weights can express this with one");
        _machine.Start(run);
        var checks = RunContext.Once(folder, Name, 0, run.Progress, context =>
        {
            var start = ModelSlot.Of(context.Given("model", model));
            var stage = new MergeStage(start, folders, shares, stored) { Clamp = _dtype.Clamp(run) };
            context.Walk([stage]);
            var held = StageRecord.Read(Path.GetDirectoryName(stage.Merged.Value.Path)!)!.Checks!;
            DurableOutput.Move(stage.Merged.Value.Path, folder);
            return held;
        }, run.Cancellation);
        using var merged = Checkpoint.Open(folder);
        var sum = shares.Sum();
        var rows = folders.Zip(shares).Select(source => new MergedRow(source.First, source.Second / sum));
        run.Write(
            new MergeReport(folder, [.. rows], merged.StoredType.ConfigName(), merged.Config.Parameters, merged.TotalBytes, checks), Show);
        return ExitCodes.Done;
    }

    private static double[] Shares(string? list, int count)
    {
        if (list is null)
            return [.. Enumerable.Repeat(1.0, count)];
        double[] shares = [.. list.Split(',', StringSplitOptions.TrimEntries).Select(part =>
            double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && double.IsFinite(share) && share >= 0
                ? share
                : throw new EspalierException(
                    $"--weights is '{list}', but '{part}' is not a number from 0: give one for each source, such as 2,1,1"))];
        // Beyond, a weight times a share could leave the range of double.
        if (shares.Where(share => share > 0).Any(share => share is < LeastShare or > MostShare))
            throw new EspalierException(
                $"--weights is '{list}': only their ratios count; give numbers from 1e-6 to 1e6, or 0");
        if (shares.Length != count)
            throw new EspalierException(
                $"--weights has {Units.Counted(shares.Length, "number")}, but there are {Units.Counted(count, "source")}: give one for "
                    + "each");
        return shares.Sum() > 0 ? shares
            : throw new EspalierException($"--weights is '{list}', whose sum is 0: give at least one source a weight");
    }

    private static void Show(Page page, MergeReport report)
    {
        var table = new TextTable("source", ">share");
        foreach (var (source, share) in report.Sources)
            table.Add(source, share.ToString("0.####", CultureInfo.InvariantCulture));
        page.Table(table);
        page.Line($"wrote {report.Output}: {Units.Count(report.Parameters)} parameters, {report.Type}, {Units.Bytes(report.Bytes)}");
    }
}

/// <summary>What <c>merge --json</c> prints.</summary>
/// <param name="Output">The folder that was written.</param>
/// <param name="Sources">What was averaged.</param>
/// <param name="Type">Element type of its weights.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="Bytes">Bytes of the weights as they are stored.</param>
/// <param name="Checks">What was checked of the result, and held.</param>
internal sealed record MergeReport(
    string Output, IReadOnlyList<MergedRow> Sources, string Type, long Parameters, long Bytes, IReadOnlyList<string> Checks);

/// <summary>One source.</summary>
/// <param name="Source">Its folder.</param>
/// <param name="Share">How much it counts; all shares together are 1.</param>
internal sealed record MergedRow(string Source, double Share);
