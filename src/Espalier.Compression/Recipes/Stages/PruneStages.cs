using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>Scores, then the student before training: pruned by importance or a plan, pruned at random, or random weights of the same shape.</summary>
public static class PruneStages
{
    /// <summary>File of the plan inside the stage's folder.</summary>
    public const string PlanName = "plan.json";

    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "scores.json";

    /// <summary>Importance of the teacher's units on the first training windows; the path of the scores file and its hash.</summary>
    public static (string Path, string Hash) Score(RunContext run, ModelFolder teacher, ScoreSection section, IReadOnlyList<int> spans, TokenSets data, int sequence)
    {
        var options = new JsonObject
        {
            ["samples"] = section.Samples,
            ["batch"] = section.Batch.ToString().ToLowerInvariant(),
            ["sequence"] = section.Sequence.ToString().ToLowerInvariant(),
            ["tokens"] = sequence,
            ["spans"] = new JsonArray([.. spans.Select(span => (JsonNode)span)]),
        };
        var record = run.Do("score", options, new Dictionary<string, string> { ["teacher"] = teacher.Hash, ["data"] = data.Hash }, (stage, _) =>
        {
            using var model = teacher.Load();
            var scores = ImportanceScorer.Run(
                model, new WindowSet(data.Train, sequence),
                new() { Samples = section.Samples, Aggregator = new(section.Batch, section.Sequence), SpanWidths = spans }, run.Progress, run.Stop);
            ScoresFile.Write(stage.PathOf(ScoresName), scores with { Teacher = teacher.Hash, Calibration = data.Hash });
            return new() { ["samples"] = scores.Samples };
        });
        return (Path.Combine(run.FolderOf(record), ScoresName), record.OutputHash);
    }

    /// <summary>The student before training, and the file of the plan where one was applied.</summary>
    public static (ModelFolder Model, string? Plan) Prune(
        RunContext run, ModelFolder teacher, PruneSection section, (string Path, string Hash)? scores, long seed, DepthStage.Found? depth = null)
    {
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash };
        if (section.Plan is { } planPath)
            inputs["plan"] = Runs.ContentHash.OfFile(planPath);
        else if (section.Method == PruneMethod.Importance)
            inputs["scores"] = scores!.Value.Hash;
        if (depth is not null)
            inputs["depth"] = depth.Hash;
        var record = run.Do("prune", Options(section, seed), inputs, (stage, _) =>
        {
            // Random weights need the shape alone: a folder with a config.json is enough.
            using var source = Checkpoint.Open(teacher.Path, requireWeights: section.Method != PruneMethod.RandomInit);
            var folder = stage.PathOf("model");
            if (section.Method == PruneMethod.RandomInit)
            {
                var config = section.Target.Apply(source.Config);
                using var model = DecoderWeights.Initialise(config, source.Family, (ulong)seed);
                CheckpointWriter.Write(folder, config, source, ElementType.F32, DecoderWeights.Source(model, source.Family), cancellation: run.Stop);
                return new() { ["parameters"] = config.Parameters };
            }
            var plan = PlanOf(section, source.Config, scores?.Path, seed, depth);
            var student = Pruner.Write(source, plan, folder, source.StoredType, run.Progress, run.Stop);
            PlanFile.Write(stage.PathOf(PlanName), plan);
            return new() { ["parameters"] = student.Parameters };
        });
        var path = run.FolderOf(record);
        var plan = Path.Combine(path, PlanName);
        return (new("pruned", Path.Combine(path, "model"), record.OutputHash), File.Exists(plan) ? plan : null);
    }

    private static PruningPlan PlanOf(PruneSection section, DecoderConfig teacher, string? scores, long seed, DepthStage.Found? depth)
    {
        if (section.Plan is { } path)
            return PlanFile.Read(path);
        var student = section.Target.Apply(teacher);
        return section.Method == PruneMethod.Random
            ? PlanBuilder.Random(teacher, student, (ulong)seed)
            : PlanBuilder.ByImportance(teacher, student, ScoresFile.Read(scores!), section.Depth, section.MergeHeads, depth?.Keep(section.Depth, teacher.Layers - student.Layers)) is var plan && depth is not null
                ? plan with { Method = $"{plan.Method}, layers by {RecipeFields.NameOf(depth.Metric)}, {RecipeFields.NameOf(section.Depth)}" }
                : plan;
    }

    private static JsonObject Options(PruneSection section, long seed)
    {
        var options = new JsonObject
        {
            ["method"] = section.Method.ToString().ToLowerInvariant(),
            ["hidden"] = section.Target.Hidden,
            ["ffn"] = section.Target.Ffn,
            ["heads"] = section.Target.Heads,
            ["layers"] = section.Target.Layers,
            ["depth"] = section.Depth.ToString().ToLowerInvariant(),
        };
        if (section.Method != PruneMethod.Importance)
            options["seed"] = seed;
        if (section.Target.KvHeads is { } kvHeads)
            options["kv_heads"] = kvHeads;
        if (section.MergeHeads)
            options["merge_heads"] = true;
        return options;
    }
}
