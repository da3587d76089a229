using System.Text;
using System.Text.Json.Nodes;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Training;
using Espalier.Files;

namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    /// <summary>
    /// One text for each meaning: JSON with sorted keys and every default written out, however the file spelt it; for hashing. It is a
    /// recipe too, and reads back as the same one. The output folder is not in it, for it changes no result.
    /// </summary>
    public static string Canonical(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var target = recipe.Prune.Target;
        var whole = new JsonObject
        {
            ["teacher"] = recipe.Teacher,
            ["seed"] = recipe.Seed,
            ["data"] = new JsonObject
            {
                ["train"] = List(recipe.Data.Train),
                ["held-out"] = recipe.Data.HeldOut,
                ["sequence"] = recipe.Data.Sequence,
                ["documents"] = EnumName.Of(recipe.Data.Documents),
            },
            ["correct"] = Correction(recipe),
            ["score"] = Score(recipe.Score),
            ["prune"] = recipe.Prune.Plan is { } plan ? new JsonObject { ["plan"] = plan }
                : recipe.Prune.Sparsity is { } sparsity ? new JsonObject { ["method"] = EnumName.Of(recipe.Prune.Method), ["sparsity"] = sparsity.ToString() }
                : new JsonObject
                {
                    ["hidden"] = target.Hidden,
                    ["ffn"] = target.Ffn,
                    ["heads"] = target.Heads,
                    ["kv-heads"] = target.KvHeads,
                    ["layers"] = target.Layers,
                    ["multiple"] = target.Multiple,
                    ["merge-heads"] = recipe.Prune.MergeHeads ? "true" : "false",
                    ["method"] = EnumName.Of(recipe.Prune.Method),
                    ["depth"] = EnumName.Of(recipe.Prune.Depth),
                },
            ["distill"] = Training(recipe.Distill, withLoss: true),
            ["evaluate"] = new JsonArray([.. recipe.Evaluate.Select(set =>
                set.Source is { } source ? (JsonNode)new JsonObject { [set.Name] = source } : JsonValue.Create(set.Name))]),
            ["export"] = List(recipe.Export.Select(EnumName.Of)),
        };
        if (recipe.Clamp)
            whole["clamp"] = "true";
        if (recipe.Data.Field is { } field)
            whole["data"]!["field"] = field;
        if (recipe.Cycles is { } cycles)
            whole["cycles"] = Canonical(cycles);
        if (recipe.Search is { } search)
            AddSearch(whole, search, recipe.Prune);
        return Encoding.UTF8.GetString(CanonicalJson.Bytes(whole));
    }

    private static JsonObject Score(ScoreSection score)
    {
        var fields = new JsonObject { ["method"] = EnumName.Of(score.Method), ["rounds"] = score.Rounds, ["depth"] = EnumName.Of(score.Depth) };
        if (score.Depth != DepthMetricKind.Task)
            fields["depth-samples"] = score.DepthSamples;
        else
            fields["task"] = score.Task;
        if (score.Method.ReadsText())
            fields["samples"] = score.Samples;
        if (score.Method.ReadsActivations())
        {
            fields["batch"] = EnumName.Of(score.Batch);
            fields["sequence"] = EnumName.Of(score.Sequence);
            fields["neurons"] = EnumName.Of(score.Neurons);
        }
        return fields;
    }

    private static JsonObject Cache(CacheSection cache)
    {
        var fields = new JsonObject { ["encoding"] = EnumName.Of(cache.Encoding) };
        if (cache.Encoding is CacheEncoding.TopK or CacheEncoding.TopKSamples)
            fields["k"] = cache.K;
        if (cache.Encoding is CacheEncoding.Samples or CacheEncoding.TopKSamples)
            fields["samples"] = cache.Samples;
        return fields;
    }

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static JsonNode Training(TrainingSection? training, bool withLoss)
    {
        if (training is null)
            return JsonValue.Create("never");
        var fields = new JsonObject
        {
            ["steps"] = training.Steps,
            ["batch"] = training.Batch,
            ["micro-batch"] = training.MicroBatch is { } windows ? windows : Auto,
            ["learning-rate"] = training.LearningRate,
            ["schedule"] = EnumName.Of(training.Schedule),
            ["warm-up"] = training.WarmUp,
            ["weight-decay"] = training.WeightDecay,
            ["betas"] = new JsonArray(training.Beta1, training.Beta2),
            ["clip"] = training.Clip is { } clip ? clip : "none",
            ["freeze"] = List(training.Freeze.Words),
            ["layer-decay"] = training.LayerDecay,
            ["activation-checkpointing"] = training.ActivationCheckpointing ? "true" : "false",
            ["compute"] = EnumName.Of(training.Compute),
            ["evaluate-every"] = training.EvaluateEvery,
            ["early-stopping"] = training.EarlyStopping,
            ["checkpoint-every"] = training.CheckpointEvery,
        };
        if (training.Schedule != ScheduleKind.Constant)
            fields["min-learning-rate"] = training.MinLearningRate;
        if (training.Schedule == ScheduleKind.Wsd)
            fields["decay-steps"] = training.DecaySteps ?? StableDecaySchedule.DecayOf(training.Steps);
        if (!withLoss)
            return fields;
        fields["loss"] = training.Loss;
        if (LossSpec.Parse(training.Loss).HasTemperature)
        {
            fields["temperature"] = training.Temperature;
            fields["temperature-squared"] = training.TemperatureSquared;
        }
        if (training.Hidden is { } hidden)
            fields["hidden"] = new JsonObject
            {
                ["layers"] = List(hidden.Layers.Select(pair => pair.ToString())),
                ["attention"] = List(hidden.Attention.Select(pair => pair.ToString())),
                ["embedding"] = hidden.Embedding,
                ["final"] = hidden.Final,
                ["distance"] = EnumName.Of(hidden.Distance),
                ["weight"] = hidden.Weight is { } weight ? weight : "dynamic",
            };
        if (training.Cache is { } cache)
            fields["cache"] = Cache(cache);
        return fields;
    }
}
