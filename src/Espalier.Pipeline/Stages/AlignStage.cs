using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Compression.Alignment;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Saving;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>A model learns to answer: a step of alignment.</summary>
/// <param name="start">The model to begin from.</param>
/// <param name="result">The result's name in tables.</param>
/// <param name="section">What is done, and how it trains.</param>
/// <param name="data">The conversations as windows.</param>
/// <param name="seed">Seed of the order.</param>
internal sealed class AlignStage(ModelSlot start, string result, AlignSection section, AlignDataStage data, long seed)
    : TrainingStage(start, result, section.Training, data.Tokens, section.Sequence, seed)
{
    private const string TemplateName = "chat_template.jinja";

    /// <inheritdoc/>
    public override string Name => $"align-{EnumName.Of(section.Method)}";

    /// <summary>What it is called beside other steps: <c>align 1</c>.</summary>
    public string Step { get; init; } = "align";

    /// <summary>What it did to the loss on the held-out part, once it ran.</summary>
    public AlignRow? Row { get; private set; }

    internal override StageForecast? Forecast()
    {
        var (config, tokens) = (Trained.Planned, TrainingForecast.Tokens(Section, Sequence));
        return new(Name, $"cross-entropy on the assistant's turns: {TrainingForecast.Schedule(Section)}", Section.Steps, tokens,
            3 * config.ForwardFlopsPerToken(Sequence) * tokens, TrainingForecast.Bytes(Section, config))
        { Model = ModelForecast.Of(config, Sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        [.. base.Disk(), new(Trained.Name, Trained.Stored.Bytes() * Trained.Planned.Parameters, Step)];

    /// <inheritdoc/>
    protected override JsonObject Options()
    {
        var options = base.Options();
        foreach (var (name, value) in section.StageOptions())
            options[name] = value?.DeepClone();
        if (section.TemplateFile is { } file)
            options["template"] = Files.ContentHash.OfFile(file);
        return options;
    }

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var source = Start.Value.Open();
        using var model = DecoderWeights.Load(source);
        model.Compute = Section.Compute.Here();
        var (train, heldOut) =
            (data.Tokens.Value.Conversations!.Windows(Sequence), data.Tokens.Value.HeldOutConversations?.Windows(Sequence));
        CheckBatch(Section, train.Count);
        var before = heldOut is null ? null : Measure(run, model, heldOut, "before");
        var (found, ended) = Train(run, Name, model, source.Family, new LogitObjective(new CrossEntropy()),
            new PackedText(train, Order(train.Count)), Section, StepOperations.Of(model.Config, null, learns: false, Sequence),
            heldOut is null ? null : (now, stop) => AnswerLoss.Run(now, heldOut, NullProgress.Instance, stop), folder, checkpoint);
        if (heldOut is not null)
        {
            found["held_out_before"] = Json(before!);
            found["held_out_after"] = Json(ended ?? Measure(run, model, heldOut, "after"));
        }
        Write(run, folder, ModelName, source, model, Section.Freeze);
        if (section.TemplateFile is { } file)
            folder.WriteFile($"{ModelName}/{TemplateName}", stream => stream.Write(File.ReadAllBytes(file)));
        return found;
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        base.Take(run, record, folder);
        Row = new(Step, EnumName.Of(section.Method), (long?)data.Found?["train_conversations"] ?? 0,
            data.Found?["skipped"] is JsonObject skipped ? skipped.ToDictionary(pair => pair.Key, pair => (long)pair.Value!) : [],
            Found(record.Result["held_out_before"]), Found(record.Result["held_out_after"]));
    }

    private PerplexityResult Measure(RunContext run, Decoder model, WindowSet windows, string when)
    {
        run.Progress.Note($"{Step}: loss on the held-out part, {when}");
        return AnswerLoss.Run(model, windows, run.Progress, run.Stop);
    }

    private static JsonObject Json(PerplexityResult result) =>
        new() { ["loss"] = result.Nll, ["loss_se"] = result.NllStandardError, ["counted"] = result.Tokens };

    private static HeldOutRow? Found(JsonNode? node) => node is not JsonObject found ? null
        : new((double)found["loss"]!, (double)found["loss_se"]!, (long)found["counted"]!);
}
