using System.Text;
using System.Text.Json.Nodes;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
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

    private static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    private static JsonNode Training(TrainingSection? training, bool withLoss) => training is null ? Never : training.Canonical(withLoss);
}
