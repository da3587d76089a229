using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training.Saving;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Evaluation;

/// <summary>What the evaluations of a recipe have in common.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Texts">What models are evaluated on; they go on from beginnings of the first.</param>
/// <param name="Sequence">Tokens of a window.</param>
internal sealed record EvaluationSettings(string Arm, IReadOnlyList<Slot<EvaluationText>> Texts, int Sequence)
{
    /// <summary>Benchmarks, of the models that are asked them.</summary>
    public IReadOnlyList<RecipeTask> Tasks { get; init; } = [];

    /// <summary>What the products with weights are computed in, for losses.</summary>
    public ComputeType Compute { get; init; }

    /// <summary>Turns what a model writes into text; null leaves that out.</summary>
    public Tokenizer? Tokenizer { get; set; }

    /// <summary>A text that is there.</summary>
    public static Slot<EvaluationText> Text(EvaluationText text) => new(text.Name) { Value = text };
}

/// <summary>Loss on every text, speed of generation and a few samples of one model: a row of the final table.</summary>
internal sealed class EvaluateStage(EvaluationSettings evaluation, Slot<ModelFolder> model) : Stage
{
    /// <summary>
    /// In the stage's folder: the mean loss of every window by the text's name, so that two models can be compared window by window.
    /// </summary>
    public const string LossesName = "losses.json";

    private static readonly JsonSerializerOptions s_losses = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
    };

    private Checkpoint? _checkpoint;
    private LazyWeights? _weights;

    public override string Name => "evaluate";

    /// <summary>Whether the model is asked the benchmarks too.</summary>
    public bool AsksTasks { get; init; }

    /// <summary>What it made of the benchmarks, in their order, once it ran; null before, and where it is asked none.</summary>
    public IReadOnlyList<TaskResult>? Tasks { get; private set; }

    /// <summary>The model's row of the final table, once it ran.</summary>
    public ModelRow? Row { get; private set; }

    public override void Run(RunContext run)
    {
        using (_checkpoint = model.Value.Open())
        using (var weights = new LazyWeights(_checkpoint))
        {
            _weights = weights;
            base.Run(run);
        }
    }

    protected override JsonObject Options()
    {
        var options = new JsonObject { ["sequence"] = evaluation.Sequence };
        if (evaluation.Compute != ComputeType.Float32)
            options["compute"] = EnumName.Of(evaluation.Compute);
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        [.. evaluation.Texts.Select(text => ($"text-{text.Value.Name}", text.Value.Hash)), ("model", model.Value.Hash)];

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var results = new JsonArray();
        var losses = new Dictionary<string, IReadOnlyList<double>>();
        foreach (var text in evaluation.Texts.Select(text => text.Value))
        {
            var result = LossOn(text, run);
            results.Add(ToJson(result, text));
            losses[text.Name] = result.WindowNll;
        }
        folder.WriteFile(LossesName, stream => JsonSerializer.Serialize(stream, losses, s_losses));
        if (GenerationSpeed.Measure(Decoder(), run.Stop) is { } speed)
            folder.Timing.Append(
                0, ("tokens_per_second", speed.Median), ("lowest", speed.Lowest), ("highest", speed.Highest),
                ("measurements", speed.Measurements), ("tokens", speed.Tokens));
        return new() { ["model"] = model.Value.Name, ["evaluations"] = results };
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var (made, config) = (model.Value, _checkpoint!.Config);
        var samples = evaluation is { Tokenizer: { } tokenizer, Texts: [var first, ..] } ? new SampleStage(model, Decoder, first, tokenizer)
            : null;
        run.Walk(samples is null ? [] : [samples]);
        TaskStage[] tasks = [.. AsksTasks ? evaluation.Tasks.Select(task => new TaskStage(task, model, _weights!, evaluation.Tokenizer
            ?? throw new EspalierException($"{task.Name}: the teacher has no tokenizer, which this task needs"))) : []];
        run.Walk(tasks);
        Tasks = tasks.Length == 0 ? null : [.. tasks.Select(task => task.Result!)];
        Row = new(
            evaluation.Arm, made.Name, made.Path, config.Parameters, config.NonEmbeddingParameters, _checkpoint.TotalBytes,
            [.. record.Result["evaluations"]!.AsArray().Select(entry => FromJson(entry!.AsObject()))],
            SpeedOf(Path.Combine(folder, RunLayout.Timing)))
        {
            Stage = Path.GetFileName(folder),
            Samples = Path.GetFileName(samples?.Folder),
            Tasks = tasks.Length == 0 ? null : [.. tasks.Select(task => task.Row!)],
        };
    }

    // Where the training that made the model went through the same windows at its end, it had the same weights.
    private PerplexityResult LossOn(EvaluationText text, RunContext run)
    {
        var title = $"evaluate: {model.Value.Name} on {text.Name}";
        if (model.Value.HeldOut is { } known && known.Text == text.Hash && known.Sequence == evaluation.Sequence
            && known.Compute == evaluation.Compute)
        {
            run.Progress.Note($"{title}: already measured at the end of its training");
            return known.Result;
        }
        run.Progress.Note(title);
        return PerplexityEvaluator.Run(
            Decoder(), new WindowSet(text.Tokens, evaluation.Sequence, WindowStride.Contiguous), null, 8, run.Progress,
            compute: evaluation.Compute,
            stop: run.Stop);
    }

    private Decoder Decoder() => _weights!.Decoder();

    /// <summary>What the stage's log says; a folder of an earlier program has one measurement, of which no spread is known.</summary>
    private static GenerationSpeed? SpeedOf(string timing) => Perhaps.Read(() =>
        MetricsLines.Read(timing).Select(line => line.Fields).LastOrDefault() is { } fields
            && (double?)fields["tokens_per_second"] is { } median
            ? new GenerationSpeed(median, (double?)fields["lowest"] ?? median, (double?)fields["highest"] ?? median,
                (int?)fields["measurements"] ?? 1, (int?)fields["tokens"] ?? 0)
            : null);

    /// <summary>The mean loss of every window by the text's name; null where an earlier program kept none.</summary>
    public static IReadOnlyDictionary<string, double[]>? LossesOf(string folder)
    {
        var path = Path.Combine(folder, LossesName);
        return File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, double[]>>(File.ReadAllBytes(path), s_losses) : null;
    }

    internal static JsonObject ToJson(PerplexityResult result, EvaluationText text) => new()
    {
        ["set"] = text.Name,
        ["nll"] = result.Nll,
        ["nll_se"] = result.NllStandardError,
        ["perplexity"] = result.Perplexity,
        ["bits_per_byte"] = text.BytesPerToken is { } bytes ? result.Nll / Math.Log(2) / bytes : null,
        ["tokens"] = result.Tokens,
        ["windows"] = result.WindowNll.Count,
    };

    internal static EvaluationRow FromJson(JsonObject entry) => new(
        (string)entry["set"]!, entry["nll"].NumberOf()!.Value, entry["nll_se"].NumberOf()!.Value, entry["perplexity"].NumberOf()!.Value,
        entry["bits_per_byte"].NumberOf(), (long)entry["tokens"]!)
    { Windows = (int?)entry["windows"] };
}
