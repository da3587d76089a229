using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Sources;
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
using Espalier.Pipeline.Stages.Export;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>Teaches a model to answer. The result is a Hugging Face folder; beside it lies FOLDER.run, as of other trainings.</summary>
internal sealed class AlignCommand : CommandBase
{
    private const int DefaultSteps = 200;

    private readonly Argument<string> _model = new("model") { Description = "Hugging Face folder of the model to align" };

    private readonly KeyOptions<AlignSection> _keys = new(AlignSection.Keys, new());
    private readonly Option<string[]> _text = new("--replay-data")
    {
        Description = "With --replay, text to mix in: txt, md, jsonl, json, csv, parquet or source files, folders and patterns, or "
            + "dotnet-docs",
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly KeyOptions<TrainingSection> _training = new(AlignSection.TrainingKeys, new() { Steps = DefaultSteps });
    private readonly SeedOption _seed = new("the order");

    private readonly OutputOption _output = new("--output",
        "Hugging Face folder to write; FOLDER.run next to it keeps metrics and checkpoints", "FOLDER", required: true);

    private readonly DtypeOption _dtype = new();
    private readonly MachineOptions _machine = new();
    private readonly ProfileOption _profile = new();

    internal AlignCommand() : base(
        "align",
        "Align a model: on conversations, with the loss only on the assistant's turns, on pairs of answers, or with a teacher that "
            + "judges what it writes",
        "espalier align models/quickstart-teacher --data samples/letters.jsonl --steps 60 --learning-rate 3e-4 --output aligned",
        "espalier align models/quickstart-teacher --data samples/letters.jsonl --held-out 10% --sequence 128 --steps 20 "
            + "--batch 4 --evaluate-every 10 --output aligned-briefly --json",
        "espalier align models/quickstart-teacher --data samples/letters.jsonl --steps 20 --learning-rate 3e-3 --lora-rank 8 "
            + "--lora-targets attention,down_proj --output adapted",
        "espalier align aligned --method dpo --data samples/letter-pairs.jsonl --steps 20 --output preferred",
        "espalier align models/quickstart-teacher --method on-policy --teacher aligned --data samples/letters.jsonl --sequence 64 --batch "
            + "4 --rollout-length \"8 to 24\" --steps 8 --output taught") =>
        Takes([_model, .. _keys.Options, _text, .. _training.Options, _seed, _output, .. _dtype.Options, .. _machine.Options, _profile]);

    protected override int Run(CommandRun run)
    {
        var (path, section, seed) = (run.Get(_model)!, Section(run), _seed.Get(run));
        var replayed = Replayed(run, section);
        TrainingStage.OptionsOf(section.Training, section.Sequence, seed).Validate();
        var folder = _output.FolderWithRun(run, [
            new("the model's folder", path), .. SourcePlaces.Of("the conversations", section.Data),
            .. SourcePlaces.Of("the text", replayed),
            .. section.Teacher is { } teacher ? new ReadPlace[] { new("the teacher's folder", teacher) } : [],
            .. section.TemplateFile is { } template ? new ReadPlace[] { new("the chat template", template) } : []]);
        var (vocabulary, stored) = Check(run, path, section);
        RunFolder.Check($"{folder}.run", folder);
        _machine.Start(run);

        var command = string.Join(' ', Environment.GetCommandLineArgs().Skip(1));
        var report = RunContext.Within($"{folder}.run", command, seed, run.Progress, context =>
        {
            var data = new AlignDataStage(section, path, vocabulary);
            context.Walk([data]);
            using var tokens = data.Tokens.Value;
            var text = section.Replay == 0 ? null : new DataStage(
                new() { Train = replayed, HeldOut = 0, Sequence = section.Sequence }, path, vocabulary);
            if (text is not null)
                context.Walk([text]);
            using var owned = text?.Tokens.Value;
            TrainingStage.CheckBatch(section.Training, data.Rows);
            var teacher = section.Teacher is { } judge ? ModelSlot.Of(context.Given("teacher", judge)) : null;
            var (before, stage) = AlignStage.Of(ModelSlot.Of(context.Given("start", path)), "aligned", section, data, seed, teacher,
                text: text?.Tokens);
            stage.RequireRoom(context);
            context.Walk(
                [.. before, stage, new ExportStage(folder, stage.Trained, "result", stored, [], _dtype.Clamp(run), section.Sequence)]);
            return AlignReport.Of(folder, stage, run.Get(_profile) ? context.Profiles : null);
        }, run.Cancellation, profile: run.Get(_profile));
        run.Write(report, AlignPage.Show);
        return ExitCodes.Done;
    }

    private AlignSection Section(CommandRun run)
    {
        var given = _keys.Given(run).Concat(_training.Given(run)).ToList();
        if (!given.Any(entry => entry.Key is "steps" or "tokens"))
            given.Add(("steps", new YamlText($"{DefaultSteps}", Quoted: true, Line: 0)));
        return AlignSection.Read(SectionFields.OfOptions(given, AlignSection.Section), new DataSection().Sequence);
    }

    /// <summary>The text to mix in: there where the section asks for it, and only there.</summary>
    private string[] Replayed(CommandRun run, AlignSection section)
    {
        var text = run.Get(_text) ?? [];
        return (section.Replay > 0, text.Length > 0) switch
        {
            (true, false) => throw new EspalierException("--replay-data is missing: --replay mixes in text; give files, or dotnet-docs"),
            (false, true) =>
                throw new EspalierException("--replay-data was given but --replay was not; give the share, such as --replay 25%"),
            _ => text,
        };
    }

    /// <summary>Refuses what cannot work; returns below what ids must lie, and what the result is stored in.</summary>
    private (int Vocabulary, ElementType Stored) Check(CommandRun run, string path, AlignSection section)
    {
        using var model = Checkpoint.Open(path).WithNotes(run);
        AlignChecks.RequirePositions(section, model);
        TrainingChecks.Parts(section.Training, model.Family, model.Config);
        TrainingChecks.Stopping(section.Training, section.HeldOut);
        if (section.IsOnPolicy)
            _ = VocabularyAlignment.Of(
                section.Teacher
                    ?? throw new EspalierException("--teacher is missing: with on-policy it judges the model's answers; give its folder"),
                path);
        foreach (var source in section.Data)
            AlignDataStage.Require(source);
        model.CheckFinite(run.Cancellation);
        return (model.Config.VocabularySize, _dtype.Read(run, model));
    }
}

/// <summary>What <c>align</c> prints with <c>--json</c>.</summary>
/// <param name="Output">The Hugging Face folder that was written.</param>
/// <param name="Metrics">metrics.jsonl: a line a step.</param>
/// <param name="Steps">Steps done.</param>
/// <param name="FinalLoss">Mean loss of the last step; null where no step was done.</param>
/// <param name="Aligned">What it was aligned with, and the held-out part before and after.</param>
/// <param name="Profile">With <c>--profile</c>: where the time of the steps went; empty where the training was done before.</param>
internal sealed record AlignReport(
    string Output, string Metrics, long Steps, double? FinalLoss, AlignRow Aligned, IReadOnlyList<StepProfile>? Profile)
{
    internal static AlignReport Of(string output, AlignStage stage, IReadOnlyList<StepProfile>? profile)
    {
        var losses = MetricsLines.Read(stage.Metrics!).Where(line => line.Fields.ContainsKey("loss")).ToList();
        return new(output, stage.Metrics!, losses.Count, losses.Count == 0 ? null
            : (double?)losses[^1].Fields["loss"], stage.Row!, profile);
    }
}
