using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training.Profiling;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Export;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>
/// What <c>distill</c>, <c>correct</c> and <c>pretrain</c> share. The result is a Hugging Face folder; beside it lies FOLDER.run with
/// metrics, checkpoints and what the same command needs to go on after an interruption.
/// </summary>
internal abstract class TrainingCommand : CommandBase
{
    private readonly OutputOption _output = new("--output",
        "Hugging Face folder to write; FOLDER.run next to it keeps metrics and checkpoints", "FOLDER", required: true);

    private readonly DtypeOption _dtype = new();
    private readonly MachineOptions _machine = new();
    private readonly ProfileOption _profile = new();
    private readonly TrainingInput _training;

    protected TrainingCommand(string name, string description, TrainingScope scope, params string[] examples)
        : base(name, description, examples) =>
        _training = new(scope);

    /// <summary>Called at the end of a constructor, once the command's own arguments are there.</summary>
    protected IEnumerable<Symbol> Shared => [.. _training.Symbols, _output, .. _dtype.Options, .. _machine.Options, _profile];

    /// <summary>The model to begin from, what it learns from, and how.</summary>
    protected abstract TrainingSources Models(CommandRun run, TrainingSection section);

    /// <summary>The model that training begins from, made in the run where it does not exist yet.</summary>
    protected virtual ModelSlot Start(RunContext run, string path, long seed) => ModelSlot.Of(run.Given("start", path));

    /// <summary>The stage: the one that a recipe with these settings has.</summary>
    protected abstract TrainingStage Stage(TrainingSetting setting);

    protected sealed override int Run(CommandRun run)
    {
        var sources = Models(run, _training.Section(run));
        var (start, teacher, cache, section) = sources;
        TrainingStage.OptionsOf(section, _training.Sequence(run), seed: 0).Validate();
        var folder = _output.FolderWithRun(run, [
            new("the model's folder", start), .. teacher is null ? [] : new ReadPlace[] { new("the teacher's folder", teacher) },
            .. cache is null ? [] : new ReadPlace[] { new("the cache", cache) }, .. _training.Places(run)]);
        var (data, order) = (_training.Data(run), _training.Order(run));
        var vocabulary = CheckInputs(run, sources, data);
        RunFolder.Check($"{folder}.run", folder);
        _machine.Start(run);

        var command = string.Join(' ', Environment.GetCommandLineArgs().Skip(1));
        var report = RunContext.Within($"{folder}.run", command, _training.Seed(run), run.Progress, context =>
        {
            var text = new DataStage(data, start, vocabulary);
            context.Walk([text]);
            using var tokens = text.Tokens.Value;
            // Too little text is refused before anything is computed.
            TrainingStage.CheckBatch(section, new WindowSet(tokens.Train, data.Sequence).Count);
            var evaluation = new EvaluationSettings(Name, text.HeldOut.IsMade ? [text.HeldOut] : [], data.Sequence);

            var from = Start(context, start, _training.Seed(run));
            var guide = teacher is null ? null : ModelSlot.Of(context.Given("teacher", teacher));
            var kept = cache is null ? null : CacheInput.Require(run, cache, guide?.Value.Hash, tokens, data.Sequence, section.Temperature);
            var stage = Stage(new(from, guide, kept, section, text.Tokens, data.Sequence, _training.Seed(run), order));
            var export = new ExportStage(folder, stage.Trained, "result", StoredType(run, from.Value), [], _dtype.Clamp(run),
                data.Sequence);
            ModelSlot[] before = guide is null ? [from] : [guide, from];
            Stage[] stages = [.. before.Select(model => new EvaluateStage(evaluation, model)), stage, export,
                new EvaluateStage(evaluation, export.Exported)];
            stage.RequireRoom(context);
            context.Walk(stages);
            return TrainingReport.Of(folder, stage.Trained.Value, [.. stages.OfType<EvaluateStage>().Select(evaluated => evaluated.Row!)],
                run.Get(_profile) ? context.Profiles : null);
        }, run.Cancellation, profile: run.Get(_profile));
        run.Write(report, Show);
        return ExitCodes.Done;
    }

    private ElementType StoredType(CommandRun run, ModelFolder from)
    {
        using var checkpoint = from.Open();
        return _dtype.Read(run, checkpoint);
    }

    /// <summary>Refuses what cannot work; returns the size of the vocabulary that ids must lie in.</summary>
    private static int CheckInputs(CommandRun run, TrainingSources from, DataSection data)
    {
        // What a config says is cheaper to look at than every weight.
        using var start = Checkpoint.Open(from.Start, CheckpointFolder.HasWeights(from.Start)).WithNotes(run);
        using var teacher = from.Teacher is { } path ? Checkpoint.Open(path, CheckpointFolder.HasWeights(path)).WithNotes(run) : null;
        TrainingChecks.Parts(from.Section, start.Family, start.Config);
        TrainingChecks.Stopping(from.Section, data.HeldOut);
        if (from.Section.Hidden is { } hidden && teacher is not null)
            HiddenStateLoss.Check(hidden, teacher.Config, start.Config);
        foreach (var model in new[] { start, teacher }.OfType<Checkpoint>())
            WindowsInput.RequirePositions(data.Sequence, model.Folder, model.Config);
        var vocabulary = teacher is null ? start.Config.VocabularySize : VocabularyAlignment.Of(teacher.Folder, start.Folder).Size;
        foreach (var model in new[] { start, teacher }.OfType<Checkpoint>().Where(model => model.HasWeights))
            model.CheckFinite(run.Cancellation);
        return vocabulary;
    }

    private static void Show(Page page, TrainingReport report)
    {
        ModelTable.Show(page, report.Rows);
        ProfilePage.Show(page, report.Profile);
        page.Line($"wrote {report.Output}; metrics in {ShownPath.Of(report.Metrics)}");
    }
}

/// <summary>What <c>distill</c>, <c>correct</c> and <c>pretrain</c> print with <c>--json</c>.</summary>
/// <param name="Output">The Hugging Face folder that was written.</param>
/// <param name="Metrics">metrics.jsonl: a line a step.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="FinalLoss">Mean loss of the last step, nats per token; null where no step was done.</param>
/// <param name="Rows">The table: teacher where there is one, start, result.</param>
/// <param name="Profile">With <c>--profile</c>: where the time of the steps went; empty where the training was done before.</param>
internal sealed record TrainingReport(
    string Output, string Metrics, long Steps, double? FinalLoss, IReadOnlyList<ModelRow> Rows,
    IReadOnlyList<StepProfile>? Profile = null)
{
    internal static TrainingReport Of(string output, ModelFolder trained, IReadOnlyList<ModelRow> rows, IReadOnlyList<StepProfile>? profile)
    {
        var metrics = Path.Combine(Path.GetDirectoryName(trained.Path)!, RunLayout.Metrics);
        var losses = MetricsLines.Read(metrics).Where(line => line.Fields.ContainsKey("loss")).ToList();
        return new(
            Output: output,
            Metrics: metrics,
            Steps: losses.Count,
            FinalLoss: losses.Count == 0 ? null : (double?)losses[^1].Fields["loss"],
            Rows: rows,
            Profile: profile);
    }
}

/// <summary>What a command that trains makes its stage of.</summary>
/// <param name="Start">The model to begin from.</param>
/// <param name="Teacher">What it learns from; null for none.</param>
/// <param name="Cache">A cache that stands for the teacher; null for none.</param>
/// <param name="Section">How it trains.</param>
/// <param name="Data">Tokens.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Seed">Seed of the order.</param>
/// <param name="Order">Which windows when, and what that is called in the stage's key.</param>
internal sealed record TrainingSetting(
    ModelSlot Start, ModelSlot? Teacher, Slot<ModelFolder>? Cache, TrainingSection Section, Slot<TokenSets> Data, int Sequence, long Seed,
    (Func<long, SampleOrder> Make, string Name) Order);

/// <summary>What a training begins from and learns from.</summary>
/// <param name="Start">Folder of the model to train.</param>
/// <param name="Teacher">Folder of the teacher, or null.</param>
/// <param name="Cache">Folder of a cache that stands for the teacher, or null.</param>
/// <param name="Section">How to train.</param>
internal sealed record TrainingSources(string Start, string? Teacher, string? Cache, TrainingSection Section);
