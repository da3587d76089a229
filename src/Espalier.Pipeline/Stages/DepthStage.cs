using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>
/// Which layers go, where something else than block influence in one pass says so: a scan of the teacher without each of them. Only where layers are dropped.
/// </summary>
public static class DepthStage
{
    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "depth.json";

    /// <summary>What a scan found.</summary>
    /// <param name="Path">The file.</param>
    /// <param name="Hash">Hash of what the stage made.</param>
    /// <param name="Metric">The metric that chooses.</param>
    public sealed record Found(string Path, string Hash, DepthMetricKind Metric)
    {
        /// <summary>The layers that stay.</summary>
        public int[] Keep(DepthChoice choice, int drop) => DepthScoresFile.Read(Path).Keep(Metric, choice, drop);
    }

    /// <summary>Whether a scan is needed for a teacher.</summary>
    internal static bool IsNeeded(Recipe recipe, ModelFolder teacher) => Asked(recipe, teacher) is not null;

    /// <summary>What a recipe asks of a teacher's layers; null where the one pass of the scores is enough, or nothing is dropped by importance.</summary>
    internal static DepthOptions? Asked(Recipe recipe, DecoderConfig teacher)
    {
        var (score, prune) = (recipe.Score, recipe.Prune);
        var dropped = teacher.Layers - (prune.Target.Layers ?? teacher.Layers);
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

    /// <summary>What is asked beside single layers, in words.</summary>
    internal static string Words(DepthOptions asked) =>
        asked.Greedy > 0 ? $", {asked.Greedy} of them one after the other" : asked.Widths.Any(width => width > 1) ? $" and each span of {asked.Widths[0]}" : "";

    /// <summary>Scans, or finds what an earlier start has scanned.</summary>
    public static Found Run(RunContext run, ModelFolder teacher, Recipe recipe, TokenSets data)
    {
        var (asked, sequence) = (Asked(recipe, teacher)!, recipe.Data.Sequence);
        var options = new JsonObject
        {
            ["metric"] = EnumName.Of(recipe.Score.Depth),
            ["spans"] = new JsonArray([.. asked.Widths.Select(width => (JsonNode)width)]),
            ["greedy"] = asked.Greedy,
        };
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash };
        if (recipe.Score.Task is { } items)
            inputs["task"] = ContentHash.OfFile(items);
        else
            (inputs["data"], options["samples"], options["tokens"]) = (data.Hash, asked.Samples, sequence);
        var record = run.Do("depth", options, inputs, (stage, _) =>
        {
            using var checkpoint = teacher.Open();
            var fingerprint = ModelFingerprint.Watch(checkpoint);
            using var model = DecoderWeights.Load(checkpoint);
            var task = recipe.Score.Task is { } path ? TaskOf(teacher, path) : null;
            var scores = DepthScorer.Run(model, task is null ? new WindowSet(data.Train, sequence) : null, task, asked, run.Progress, run.Stop);
            DepthScoresFile.Write(stage.PathOf(ScoresName), scores with
            {
                Teacher = fingerprint.Finish(run.Stop),
                Calibration = task is null ? CalibrationHash.Of(data.Train, sequence, asked.Samples) : "",
                Task = inputs.GetValueOrDefault("task", ""),
            });
            return new() { ["samples"] = scores.Samples };
        });
        return new(Path.Combine(run.FolderOf(record), ScoresName), record.OutputHash, recipe.Score.Depth);
    }

    private static DepthOptions? Asked(Recipe recipe, ModelFolder teacher)
    {
        using var checkpoint = Checkpoint.Open(teacher.Path, requireWeights: false);
        return Asked(recipe, checkpoint.Config);
    }

    private static MultipleChoiceTask TaskOf(ModelFolder teacher, string items)
    {
        using var checkpoint = Checkpoint.Open(teacher.Path, requireWeights: false);
        return new(MultipleChoiceFile.Read(items), Tokenizer.Load(teacher.Path), checkpoint.Config.MaxPositions, checkpoint.Config.VocabularySize);
    }
}
