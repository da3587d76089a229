using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Compression.Pruning;
using Espalier.Compression.Pruning.Masks;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>Scores, then the student before training: pruned by importance or a plan, pruned at random, or random weights of the same shape.</summary>
public static class PruneStages
{
    /// <summary>File of the plan inside the stage's folder.</summary>
    public const string PlanName = "plan.json";

    /// <summary>File of the scores inside the stage's folder.</summary>
    public const string ScoresName = "scores.json";

    /// <summary>Importance of the teacher's units, by the first training windows or without any; the path of the scores file and its hash.</summary>
    public static (string Path, string Hash) Score(RunContext run, ModelFolder teacher, ScoreSection section, IReadOnlyList<int> spans, TokenSets data, int sequence, long seed)
    {
        var readsText = section.Method.ReadsText();
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash };
        if (readsText)
            inputs["data"] = data.Hash;
        var record = run.Do("score", ScoreOptionsOf(section, spans, sequence, seed), inputs, (stage, _) =>
        {
            using var checkpoint = teacher.Open();
            var fingerprint = ModelFingerprint.Watch(checkpoint);
            var options = new ScoreOptions
            {
                Method = section.Method,
                Samples = section.Samples,
                Aggregator = new(section.Batch, section.Sequence),
                Neurons = section.Neurons,
                SpanWidths = spans,
                Seed = seed,
            };
            var scores = ScoringMemory.For(checkpoint.Config).Score(
                checkpoint, readsText ? new WindowSet(data.Train, sequence) : null, options, stage.Path, run.Progress, run.Stop);
            ScoresFile.Write(stage.PathOf(ScoresName), scores with
            {
                Teacher = fingerprint.Finish(run.Stop),
                Calibration = readsText ? CalibrationHash.Of(data.Train, sequence, section.Samples) : "",
            });
            return readsText ? new() { ["samples"] = scores.Samples } : new();
        });
        return (Path.Combine(run.FolderOf(record), ScoresName), record.OutputHash);
    }

    /// <summary>The student before training, and the file of the plan where one was applied.</summary>
    public static (ModelFolder Model, string? Plan) Prune(
        RunContext run, ModelFolder teacher, PruneSection section, (string Path, string Hash)? scores, long seed, DepthStage.Found? depth = null, bool clamp = false)
    {
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash };
        if (section.Plan is { } planPath)
            inputs["plan"] = ContentHash.OfFile(planPath);
        else if (section.Method == PruneMethod.Importance)
            inputs["scores"] = scores!.Value.Hash;
        if (depth is not null)
            inputs["depth"] = depth.Hash;
        var record = run.Do("prune", Options(section, seed, clamp), inputs, (stage, _) =>
        {
            // Random weights need the shape alone: a folder with a config.json is enough.
            using var source = Checkpoint.Open(teacher.Path, requireWeights: section.Method != PruneMethod.RandomInit);
            var folder = stage.PathOf("model");
            if (section.Method == PruneMethod.RandomInit)
            {
                var config = section.Target.Apply(source.Config);
                CheckpointWriter.Write(folder, config, source, ElementType.F32, DecoderWeights.RandomSource(config, source.Family, (ulong)seed), cancellation: run.Stop);
                return new() { ["parameters"] = config.Parameters };
            }
            var plan = PlanOf(section, source.Config, scores?.Path, seed, depth);
            var student = Pruner.Write(source, plan, folder, source.StoredType, run.Progress, clamp, run.Stop);
            PlanFile.Write(stage.PathOf(PlanName), plan);
            return new() { ["parameters"] = student.Parameters };
        });
        var path = run.FolderOf(record);
        var plan = Path.Combine(path, PlanName);
        return (new("pruned", Path.Combine(path, "model"), record.OutputHash), File.Exists(plan) ? plan : null);
    }

    /// <summary>The teacher with its least worthy weights set to zero, its shape as it is.</summary>
    public static ModelFolder Mask(RunContext run, ModelFolder teacher, PruneSection section, int samples, TokenSets data, int sequence)
    {
        WeightMask mask = section.Method == PruneMethod.Wanda ? new WandaMask() : new MagnitudeMask();
        var options = new JsonObject { ["method"] = EnumName.Of(section.Method), ["sparsity"] = section.Sparsity!.Value.ToString() };
        var inputs = new Dictionary<string, string> { ["teacher"] = teacher.Hash };
        if (mask.NeedsInputs)
            (options["samples"], options["tokens"], inputs["data"]) = (samples, sequence, data.Hash);
        var record = run.Do("prune", options, inputs, (stage, _) =>
        {
            using var source = teacher.Open();
            using var model = DecoderWeights.Load(source);
            var zeros = MaskPruner.Run(model, mask, section.Sparsity.Value, new WindowSet(data.Train, sequence), samples, run.Progress, run.Stop);
            CheckpointWriter.Write(stage.PathOf("model"), source.Config, source, source.StoredType, DecoderWeights.Source(model, source.Family), cancellation: run.Stop);
            return new() { ["parameters"] = source.Config.Parameters, ["zeros"] = zeros };
        });
        return new("pruned", Path.Combine(run.FolderOf(record), "model"), record.OutputHash);
    }

    private static PruningPlan PlanOf(PruneSection section, DecoderConfig teacher, string? scores, long seed, DepthStage.Found? depth)
    {
        if (section.Plan is { } path)
            return PlanFile.Read(path);
        var student = section.Target.Apply(teacher);
        return section.Method == PruneMethod.Random
            ? PlanBuilder.Random(teacher, student, (ulong)seed)
            : PlanBuilder.ByImportance(teacher, student, ScoresFile.Read(scores!), section.Depth, section.MergeHeads, depth?.Keep(section.Depth, teacher.Layers - student.Layers)) is var plan && depth is not null
                ? plan with { Method = $"{plan.Method}, layers by {EnumName.Of(depth.Metric)}, {EnumName.Of(section.Depth)}" }
                : plan;
    }

    /// <summary>What determines scores. A choice that is the default is left out, so that folders from before there was one still serve.</summary>
    private static JsonObject ScoreOptionsOf(ScoreSection section, IReadOnlyList<int> spans, int sequence, long seed)
    {
        var options = new JsonObject();
        if (section.Method.ReadsText())
            options["samples"] = section.Samples;
        if (section.Method.ReadsActivations())
        {
            options["batch"] = Aggregator.NameOf(section.Batch);
            options["sequence"] = Aggregator.NameOf(section.Sequence);
        }
        if (section.Method.ReadsText())
            options["tokens"] = sequence;
        options["spans"] = new JsonArray([.. spans.Select(span => (JsonNode)span)]);
        if (section.Method != ScoreMethod.Activation)
            options["method"] = EnumName.Of(section.Method);
        if (section.Neurons != NeuronValues.Intermediate)
            options["neurons"] = EnumName.Of(section.Neurons);
        if (section.Method == ScoreMethod.Random)
            options["seed"] = seed;
        return options;
    }

    private static JsonObject Options(PruneSection section, long seed, bool clamp)
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
        // Only merged heads have weights that the teacher's type may not hold.
        if (section.MergeHeads && clamp)
            options["clamp"] = true;
        return options;
    }
}
