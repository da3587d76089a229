using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>
/// Which layers go, where something else than block influence in one pass says so: a scan of the teacher without each of them. Only where layers are dropped.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="score">What layers are judged by.</param>
/// <param name="cut">How many go; a search finds that.</param>
/// <param name="planned">The same as far as it is known beforehand.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
public sealed class DepthStage(ModelSlot model, ScoreSection score, Slot<PruneSection> cut, PruneSection planned, Slot<TokenSets> data, int sequence) : Stage
{
    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "depth.json";

    /// <inheritdoc/>
    public override string Name => "depth";

    /// <summary>The scores of the layers; not made where no layer goes.</summary>
    public Slot<ArtefactFile> Scores { get; } = new("the scores of the layers");

    /// <summary>The metric that chooses.</summary>
    public DepthMetricKind Metric => score.Depth;

    /// <inheritdoc/>
    public override bool HasFolder => Asked(score, planned, model.Planned) is not null;

    internal override bool IsNeeded => Asked(score, cut.Value, model.Value.Config) is not null;

    internal override StageForecast? Forecast()
    {
        if (Asked(score, planned, model.Planned) is not { } asked)
            return null;
        var (tokens, flops) = DepthCost.Of(asked, model.Planned, sequence);
        var (memory, what) = (TrainingForecast.WeightBytes(model.Planned), $"{EnumName.Of(score.Depth)} without each layer{Words(asked)}");
        return (score.Task is { } items
            ? new StageForecast(Name, $"{what}, on {items}", null, null, null, memory)
            : new StageForecast(Name, $"{what}, over {asked.Samples} samples", null, tokens, flops, memory)) with
        { Model = ModelForecast.Of(model.Planned, sequence) };
    }

    /// <summary>The layers that stay.</summary>
    internal int[] Keep(DepthChoice choice, int drop) => DepthScoresFile.Read(Scores.Value.Path).Keep(score.Depth, choice, drop);

    /// <summary>What is asked of a model's layers; null where the one pass of the scores is enough, or nothing is dropped by importance.</summary>
    internal static DepthOptions? Asked(ScoreSection score, PruneSection prune, DecoderConfig model)
    {
        var dropped = model.Layers - (prune.Target.Layers ?? model.Layers);
        if (dropped <= 0 || prune is not { Method: PruneMethod.Importance, Plan: null })
            return null;
        if (score.Depth == DepthMetricKind.BlockInfluence && prune.Depth != DepthChoice.Greedy)
            return null;
        return new()
        {
            Metrics = [score.Depth],
            Samples = score.DepthSamples,
            Widths = prune.Depth == DepthChoice.Contiguous ? [dropped] : [],
            Greedy = prune.Depth == DepthChoice.Greedy ? dropped : 0,
        };
    }

    /// <inheritdoc/>
    protected override JsonObject Options()
    {
        var asked = Asked();
        var options = new JsonObject
        {
            ["metric"] = EnumName.Of(score.Depth),
            ["spans"] = new JsonArray([.. asked.Widths.Select(width => (JsonNode)width)]),
            ["greedy"] = asked.Greedy,
        };
        if (score.Task is null)
            (options["samples"], options["tokens"]) = (asked.Samples, sequence);
        return options;
    }

    /// <inheritdoc/>
    protected override Dictionary<string, string> Inputs()
    {
        var inputs = new Dictionary<string, string> { ["teacher"] = model.Value.Hash };
        if (score.Task is { } items)
            inputs["task"] = ContentHash.OfFile(items);
        else
            inputs["data"] = data.Value.Hash;
        return inputs;
    }

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        using var source = model.Value.Open();
        var fingerprint = ModelFingerprint.Watch(source);
        using var decoder = DecoderWeights.Load(source);
        var (asked, tokens) = (Asked(), data.Value.Train);
        var task = score.Task is { } items
            ? new MultipleChoiceTask(MultipleChoiceFile.Read(items), Tokenizer.Load(model.Value.Path), source.Config.MaxPositions, source.Config.VocabularySize) : null;
        var scores = DepthScorer.Run(decoder, task is null ? new WindowSet(tokens, sequence) : null, task, asked, run.Progress, run.Stop);
        DepthScoresFile.Write(folder.PathOf(ScoresName), scores with
        {
            Teacher = fingerprint.Finish(run.Stop),
            Calibration = task is null ? CalibrationHash.Of(tokens, sequence, asked.Samples) : "",
            Task = score.Task is { } path ? ContentHash.OfFile(path) : "",
        });
        return new() { ["samples"] = scores.Samples };
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder) => Scores.Value = new(Path.Combine(folder, ScoresName), record.OutputHash);

    private DepthOptions Asked() => Asked(score, cut.Value, model.Value.Config)!;

    /// <summary>What is asked beside single layers, in words.</summary>
    private static string Words(DepthOptions asked) =>
        asked.Greedy > 0 ? $", {asked.Greedy} of them one after the other" : asked.Widths.Any(width => width > 1) ? $" and each span of {asked.Widths[0]}" : "";
}
