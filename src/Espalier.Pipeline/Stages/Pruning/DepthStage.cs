using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Pruning;
using Espalier.Compression.Training.Saving;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>Scores of layers in a file, and the one of its metrics that chooses.</summary>
internal sealed record LayerScores(string Path, string Hash, DepthMetricKind Metric)
{
    /// <summary>The layers that stay, so many of each kind where that is said.</summary>
    internal int[] Keep(DepthChoice choice, int drop, LayerKinds of, LayerCounts? kinds)
    {
        var scores = DepthScoresFile.Read(Path);
        var kept = scores.Keep(Metric, choice, drop);
        return kinds is { } counts && choice == DepthChoice.Scattered ? counts.Best(of, scores.Metrics[Metric].Singles) : kept;
    }
}

/// <summary>
/// Which layers go, where something else than block influence in one pass says so: a scan of the teacher without each of them. Only where
/// layers are dropped.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="asked">What is asked of its layers; a recipe knows how many go when it runs. Null where nothing is.</param>
/// <param name="planned">The same as far as it is known beforehand.</param>
/// <param name="data">Tokens; null where only the task is read.</param>
/// <param name="sequence">Tokens of a window.</param>
internal sealed class DepthStage(ModelSlot model, Func<DepthSection?> asked, Func<DepthSection?> planned, Slot<TokenSets>? data,
    int sequence) : Stage
{
    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "depth.json";

    public override string Name => "depth";

    /// <summary>Samples of one forward pass; part of no key, for no score depends on it.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>The folder of benchmarks, where a task is one; null where nobody names it.</summary>
    public string? Benchmarks { get; init; }

    /// <summary>The scores of the layers; not made where no layer goes.</summary>
    public Slot<LayerScores> Scores { get; } = new("layer scores");

    public override bool HasFolder => planned() is not null;

    internal override bool IsNeeded => asked() is not null;

    /// <summary>The stage of a recipe.</summary>
    /// <param name="model">The model.</param>
    /// <param name="score">What layers are judged by.</param>
    /// <param name="cut">How many go; a search finds that.</param>
    /// <param name="planned">The same as far as it is known beforehand.</param>
    /// <param name="data">Tokens.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="cycle">Its <see cref="Stage.Cycle"/>.</param>
    /// <param name="round">Its <see cref="Stage.Round"/>.</param>
    /// <param name="benchmarks">The folder of benchmarks that the recipe names.</param>
    internal static DepthStage Of(
        ModelSlot model, ScoreSection score, Slot<PruneSection> cut, PruneSection planned, Slot<TokenSets> data, int sequence, int? cycle,
        int? round, string? benchmarks) =>
        new(model, () => Asked(score, cut.Value, model.Value.Config), () => Asked(score, planned, model.Planned), data,
            sequence)
        { Cycle = cycle, Round = round, Benchmarks = benchmarks };

    internal override StageForecast? Forecast()
    {
        if (planned() is not { } asked)
            return null;
        var (tokens, flops) = DepthCost.Of(asked.Options(Batch), model.Planned, sequence);
        var (memory, what) = (TrainingForecast.WeightBytes(model.Planned), $"{Names(asked)} without each layer{Words(asked)}");
        return (asked.Task is { } items
            ? new StageForecast(Name, $"{what}, on {items}", null, null, null, memory)
            : new StageForecast(Name, $"{what}, over {asked.Samples} samples", null, tokens, flops, memory)) with
        { Model = ModelForecast.Of(model.Planned, sequence) };
    }

    /// <summary>
    /// What is asked of a model's layers; null where the one pass of the scores is enough, or nothing is dropped by importance.
    /// </summary>
    internal static DepthSection? Asked(ScoreSection score, PruneSection prune, DecoderConfig model)
    {
        var dropped = model.Layers - (prune.Target.Layers ?? model.Layers);
        if (dropped <= 0 || prune is not { Method: PruneMethod.Importance, Plan: null })
            return null;
        if (score.Depth == DepthMetricKind.BlockInfluence && prune.Depth != DepthChoice.Greedy)
            return null;
        return new()
        {
            Task = score.Task,
            Metrics = [score.Depth],
            Samples = score.DepthSamples,
            Spans = prune.Depth == DepthChoice.Contiguous ? [dropped] : [],
            Greedy = prune.Depth == DepthChoice.Greedy ? dropped : 0,
        };
    }

    /// <summary>The task that layers are judged by.</summary>
    /// <param name="task">A benchmark's name, a task's file, or a file of items.</param>
    /// <param name="benchmarks">The folder of benchmarks; null where nobody names one.</param>
    internal static RecipeTask TaskOf(string task, string? benchmarks) =>
        new(new() { Task = task }, () => BenchmarksFolder.Find(benchmarks), "score.task");

    protected override JsonObject Options()
    {
        var options = DepthSection.Keys.StageOptions(Required());
        if (Required().ReadsText)
            options["tokens"] = sequence;
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("teacher", model.Value.Hash);
        if (Required().Task is { } task)
            yield return ("task", HashOf(task));
        if (Required().ReadsText)
            yield return ("data", data!.Value.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var source = model.Value.Open();
        var fingerprint = ModelFingerprint.Watch(source);
        using var decoder = DecoderWeights.Load(source);
        var asked = Required();
        var (tokens, task) = (asked.ReadsText ? data!.Value.Train : null, asked.Task);
        var items = task is null ? null : TaskOf(task, Benchmarks).Rows(Tokenizer.Load(model.Value.Path), source.Config);
        var scores =
            DepthScorer.Run(decoder, tokens is null ? null : new WindowSet(tokens, sequence), items, asked.Options(Batch), run.Progress,
                run.Stop);
        DepthScoresFile.Write(folder.PathOf(ScoresName), scores with
        {
            Teacher = fingerprint.Finish(run.Stop),
            Calibration = tokens is null ? "" : CalibrationHash.Of(tokens, sequence, asked.Samples),
            Task = task is null ? "" : HashOf(task),
        });
        return new() { ["samples"] = scores.Samples };
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Scores.Value = new(Path.Combine(folder, ScoresName), record.OutputHash, Required().Metrics[0]);

    private string HashOf(string task)
    {
        if (new TaskSection { Task = task }.IsItems)
            return ContentHash.OfFile(task);
        var known = TaskOf(task, Benchmarks);
        return ContentHash.OfText($"{known.Definition.Hash} {known.DocumentsHash}");
    }

    private DepthSection Required() => asked() ?? throw new InvalidOperationException("no layer scores were requested");

    private static string Names(DepthSection asked) => string.Join(", ", asked.Metrics.Select(EnumName.Of));

    /// <summary>What is asked beside single layers, in words.</summary>
    private static string Words(DepthSection asked) =>
        asked.Greedy > 0 ? $", {asked.Greedy} of them one after the other" : asked.Spans.Any(width => width > 1)
            ? $" and each span of {asked.Spans[0]}" : "";
}
