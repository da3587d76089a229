using Espalier.Compression.Alignment;
using Espalier.Compression.Alignment.Preferences;
using Espalier.Compression.Alignment.Rollouts;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Saving;
using Espalier.Compression.Training.Schedules;
using Espalier.Compression.Training.Speeds;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>A model learns to answer: a step of alignment.</summary>
/// <param name="start">The model to begin from.</param>
/// <param name="result">The result's name in tables.</param>
/// <param name="section">What is done, and how it trains.</param>
/// <param name="data">The conversations as windows.</param>
/// <param name="seed">Seed of the order.</param>
internal sealed class AlignStage(ModelSlot start, string result, AlignSection section, AlignDataStage data, long seed)
    : TrainingStage(start, result, section.Training, data.Tokens, section.Sequence, seed)
{
    private const string TemplateName = "chat_template.jinja", RolloutsName = "rollouts";
    public override string Name => $"align-{EnumName.Of(section.Method)}";

    /// <summary>What it is called beside other steps: <c>align 1</c>.</summary>
    public string Step { get; init; } = "align";

    /// <summary>What the model says of pairs before; null where it learns from conversations.</summary>
    public AlignReferenceStage? Reference { get; init; }

    /// <summary>The teacher that judges what is written; null where nothing is.</summary>
    public ModelSlot? Judge { get; init; }

    /// <summary>The text that is mixed in; null where none is.</summary>
    public Slot<TokenSets>? Replayed { get; init; }

    /// <summary>What it did to the loss on the held-out part, once it ran.</summary>
    public AlignRow? Row { get; private set; }

    /// <summary>The stages of a step of alignment, the last of which trains.</summary>
    /// <inheritdoc cref="AlignStage(ModelSlot, string, AlignSection, AlignDataStage, long)"/>
    public static (IReadOnlyList<Stage> Before, AlignStage Stage) Of(
        ModelSlot start, string result, AlignSection section, AlignDataStage data, long seed, ModelSlot? teacher, string step = "align",
        Slot<TokenSets>? text = null)
    {
        var reference = section.Preference is null ? null : new AlignReferenceStage(start, data);
        return (reference is null ? []
            : [reference],
            new(start, result, section, data, seed)
            {
                Step = step,
                Reference = reference,
                Judge = section.IsOnPolicy ? teacher : null,
                Replayed = section.Replay == 0 ? null
                    : text ?? throw new EspalierException("align: replay mixes in text, but there is none; give it with --replay-data"),
            });
    }

    internal override StageForecast? Forecast()
    {
        var (config, tokens) = (Trained.Planned, TrainingForecast.Tokens(Section, Sequence));
        var does = section.Preference is { } loss ? $"{loss.Name} on pairs of answers"
            : section.IsOnPolicy ? $"{section.Loss} on the model's own answers, {section.RolloutLength} tokens"
            : section.Replay > 0
            ? $"cross-entropy on the assistant's turns and on text ({section.ReplayWindows} of {Section.Batch} windows)"
            : "cross-entropy on the assistant's turns";
        var judged = Judge is null ? 0 : Judge.Planned.ForwardFlopsPerToken(Sequence) + config.ForwardFlopsPerToken(Sequence);
        return new(Name, $"{does}: {TrainingForecast.Schedule(Section)}", Section.Steps, tokens,
            (3 * config.ForwardFlopsPerToken(Sequence) + judged) * tokens,
            TrainingForecast.Bytes(Section, config) + (Judge is null ? 0 : TrainingForecast.WeightBytes(Judge.Planned)))
        { Model = ModelForecast.Of(config, Sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        [.. base.Disk(), new(Trained.Name, Trained.Stored.Bytes() * Trained.Planned.Parameters, Step)];

    private protected override Slot<ModelFolder>? Teacher => Judge;
    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        Replayed is null ? base.Inputs() : base.Inputs().Append(("replay", Replayed.Value.Hash));

    // What was written is needed to go on, and no later than the next writing does it change anything.
    protected override bool JudgesArtefacts => section.IsOnPolicy;
    protected override JsonObject Options()
    {
        var options = base.Options();
        foreach (var (name, value) in section.StageOptions())
            options[name] = value?.DeepClone();
        if (section.Preference is { } loss)
            options["loss"] = loss.Name;
        if (section.TemplateFile is { } file)
            options["template"] = Files.ContentHash.OfFile(file);
        return options;
    }
    public override void Run(RunContext run)
    {
        // One of its own was hashed when the stages were made.
        run.Watch(Judge?.Value.Source);
        base.Run(run);
    }
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        run.BeginTraining(folder.Key);
        using var source = Start.Value.Open();
        using var model = DecoderWeights.Load(source);
        model.Compute = Section.Compute.Here();
        if (JudgesArtefacts)
            folder.Delete(ModelName);
        using var open = TeacherOf(run, Name, Start.Value, Judge?.Value, Section);
        var lesson = section.IsOnPolicy ? Writing(run, model, source, open!, folder) : Lesson(model);
        var before = lesson.Measure is null ? null : Measured(run, lesson, model, "before");
        var (found, ended) = Train(run, Name, model, source.Family, lesson.Objective, lesson.Source, Section, Seed,
            StepOperations.Of(model.Config, open?.Config, learns: false, Sequence),
            lesson.Measure is { } measure ? (now, stop) => measure(now, NullProgress.Instance, stop).Loss : null, folder, checkpoint);
        if (lesson.Measure is not null)
            (found["held_out_before"], found["held_out_after"]) = (before,
                ended is not null && section.Preference is null ? Json(ended, null) : Measured(run, lesson, model, "after"));
        Write(run, folder, ModelName, source, model, Section);
        if (section.TemplateFile is { } file)
            folder.WriteFile($"{ModelName}/{TemplateName}", stream => stream.Write(File.ReadAllBytes(file)));
        return found;
    }
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        base.Take(run, record, folder);
        Row = new(Step, EnumName.Of(section.Method), (long?)data.Found?["train_conversations"] ?? 0,
            data.Found?["skipped"] is JsonObject skipped ? skipped.ToDictionary(pair => pair.Key, pair => (long)pair.Value!) : [],
            Found(record.Result["held_out_before"]), Found(record.Result["held_out_after"]));
    }

    private delegate (PerplexityResult Loss, PreferenceResult? Pairs) Measuring(Decoder model, IProgressReporter progress,
        CancellationToken stop);

    /// <summary>What is minimised, on what, and how the held-out part is measured; null where nothing is held out.</summary>
    private sealed record Teaching(Objective Objective, IBatchSource Source, Measuring? Measure);

    private Teaching Lesson(Decoder model)
    {
        var train = data.Tokens.Value.Conversations!.Windows(Sequence);
        CheckBatch(Section, train.Count);
        var order = Order(train.Count);
        if (section.Preference is { } loss)
        {
            var (pairs, heldOut) = (Reference!.Pairs.Value, Reference.HeldOutPairs);
            return new(new PreferenceObjective(loss, pairs, section.SftWeight), new PairedText(pairs, order), heldOut is null ? null
                : (model, progress, stop) =>
                {
                    var result = PreferenceEvaluator.Run(model, heldOut, loss, progress, stop);
                    return (result.Nll, result);
                });
        }
        var windows = data.Tokens.Value.HeldOutConversations?.Windows(Sequence);
        return new(new LogitObjective(new CrossEntropy(), null, null, Section.BalanceOf(model.Config)), Mixed(train, order), windows is null
            ? null
            : (model, progress, stop) => (AnswerLoss.Run(model, windows, progress, stop), null));
    }

    private IBatchSource Mixed(WindowSet conversations, SampleOrder order)
    {
        if (Replayed is null)
            return new PackedText(conversations, order);
        var text = new WindowSet(Replayed.Value.Train, Sequence, boundaries: Replayed.Value.Boundaries);
        return section.ReplayWindows <= text.Count
            ? new ReplayedText(conversations, order, text, Replayed.Value.Shuffled(text.Count, Seed + 1), Section.Batch,
                section.ReplayWindows)
            : throw new EspalierException(
                $"{Step}: replay takes {section.ReplayWindows} windows of text per step, but the text has {text.Count}: give more text, "
                    + "or a smaller share");
    }

    private Teaching Writing(RunContext run, Decoder model, Checkpoint source, OpenTeacher open, StageFolder folder)
    {
        var prompts = data.Prompts!;
        CheckBatch(Section, prompts.Count);
        var ends = StopIds.Of(source, Tokenizer.Load(Start.Value.Path));
        var loss = LossSpec.Parse(Section.Loss).Make(Section.Temperature);
        RolloutWriter WriterOf(PromptSet set, long from) => new(set, ends, section.RolloutTemperature, from);
        var plan = new RolloutPlan(Section.Batch, Section.Steps, section.Refresh, section.RolloutLength);
        var heldOut = data.HeldOutPrompts;
        return new(new LogitObjective(loss, open.Teacher, null, Section.BalanceOf(model.Config)),
            new RolloutSource(model, WriterOf(prompts, Seed), Order(prompts.Count), Sequence, plan, folder.PathOf(RolloutsName), run.Stop),
            heldOut is null ? null
                : (now, progress, stop) => (RolloutEvaluator.Run(now, open.Teacher, WriterOf(heldOut, Seed + 1), loss, Sequence,
                section.RolloutLength.Longest, progress, stop), null));
    }

    private JsonObject Measured(RunContext run, Teaching lesson, Decoder model, string when)
    {
        run.Progress.Note($"{Step}: the held-out part, {when}");
        var (loss, pairs) = lesson.Measure!(model, run.Progress, run.Stop);
        return Json(loss, pairs);
    }

    private static JsonObject Json(PerplexityResult result, PreferenceResult? pairs)
    {
        var json = new JsonObject { ["loss"] = result.Nll, ["loss_se"] = result.NllStandardError, ["counted"] = result.Tokens };
        if (pairs is not null)
            (json["accuracy"], json["margin"]) = (pairs.Accuracy, pairs.Margin);
        return json;
    }

    private static HeldOutRow? Found(JsonNode? node) => node is not JsonObject found ? null
        : new(found["loss"].NumberOf()!.Value, found["loss_se"].NumberOf()!.Value, (long)found["counted"]!, found["accuracy"].NumberOf(),
            found["margin"].NumberOf());
}
