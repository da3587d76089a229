using System.Reflection;
using System.Text;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Tests.Options;

/// <summary>
/// What recipes meant when run folders of earlier programs were made: canonical texts, what goes into the keys of stages, and the words
/// of errors, for every recipe of this repository and many short ones. Folders go on only while the first two stay, to the byte. With
/// <c>ESPALIER_RECORD=1</c> the record is written anew: look at what changes.
/// </summary>
public sealed class RecordedMeaningTests
{
    private const string Data = "data: { train: a.txt }", Prune = "prune: { hidden: 192 }";

    [Fact]
    public void Recipes_mean_what_they_meant()
    {
        var path = Path.Combine(Fixtures.Root, "tests", "golden", "options", "meanings.txt");
        var found = Everything();
        if (Environment.GetEnvironmentVariable("ESPALIER_RECORD") == "1")
            File.WriteAllText(path, found);
        string[] recorded = File.ReadAllLines(path), now = found.Split('\n')[..^1];
        foreach (var (was, isNow) in recorded.Zip(now))
            Assert.Equal(was, isNow);
        Assert.Equal(recorded.Length, now.Length);
    }

    private static string Everything()
    {
        var text = new StringBuilder();
        foreach (var path in Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.yaml", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
            Add(text, Path.GetRelativePath(Fixtures.Root, path), File.ReadAllText(path));
        foreach (var line in File.ReadAllLines(Path.Combine(Fixtures.Root, "tests", "golden", "options", "variants.txt")))
        {
            var recipe = line.Replace(" | ", "\n", StringComparison.Ordinal);
            if (!line.Contains("data:", StringComparison.Ordinal))
                recipe = $"{Data}\n{recipe}";
            if (!line.Contains("prune:", StringComparison.Ordinal) && !line.Contains("search:", StringComparison.Ordinal))
                recipe = $"{Prune}\n{recipe}";
            Add(text, line, $"teacher: t\n{recipe}");
        }
        return text.ToString();
    }

    private static void Add(StringBuilder text, string name, string yaml)
    {
        text.Append($"# {name}\n");
        try
        {
            var recipe = RecipeFile.Parse(yaml, "r.yaml");
            text.Append($"{RecipeFile.Canonical(recipe)}\n");
            foreach (var (stage, section) in new[] { ("correct", recipe.Correct), ("distill", recipe.Distill) })
                if (section is not null)
                    text.Append($"{stage} {Encoding.UTF8.GetString(CanonicalJson.Bytes(KeyOf(section, recipe)))}\n");
            if (recipe.Search is { } search)
                text.Append(
                    $"candidate {Encoding.UTF8.GetString(CanonicalJson.Bytes(KeyOf(search.Training(recipe.Distill!, 7), recipe)))}\n");
            foreach (var stage in Others(recipe))
                text.Append($"{stage.Name} {Encoding.UTF8.GetString(CanonicalJson.Bytes(OptionsOf(stage)))}\n");
        }
        catch (EspalierException error)
        {
            text.Append($"refused {error.Message}\n");
        }
    }

    /// <summary>The stages that look at a model and cut it, over the bundled teacher.</summary>
    private static IEnumerable<Stage> Others(Recipe recipe)
    {
        var model = ModelSlot.Of(new("teacher", Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), "0"));
        var (tokens, sequence) = (new Slot<TokenSets>("tokens"), recipe.Data.Sequence);
        yield return new ScoreStage(model, recipe.Score, [1, 2], tokens, sequence, recipe.Seed);
        if (DepthStage.Asked(recipe.Score, recipe.Prune, model.Planned) is { } asked)
            yield return new DepthStage(model, () => asked, () => asked, tokens, sequence);
        var cut = new Slot<PruneSection>("cut") { Value = recipe.Prune };
        if (recipe.Prune.IsMask)
            yield return new MaskStage(model, "pruned", recipe.Prune, recipe.Score.Samples, tokens, sequence);
        else
            foreach (var clamp in new[] { false, true })
                yield return new PruneStage(model, "pruned", model.Planned, cut, recipe.Prune, sequence, recipe.Seed)
                {
                    Clamp = clamp,
                    Stored = clamp ? ElementType.F16 : null,
                };
        if (recipe.Correction.When == CorrectWhen.Auto)
            yield return new NeedStage(model, model.Value.Path, recipe.Correction, tokens, sequence, recipe.Seed);
    }

    private static JsonObject OptionsOf(Stage stage) =>
        (JsonObject)stage.GetType().GetMethod("Options", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(stage, [])!;

    private static JsonObject KeyOf(TrainingSection section, Recipe recipe) =>
        TrainingStage.Options(section, new TokenSets(null!, null, "", null, []), recipe.Data.Sequence, recipe.Seed, "shuffled");
}
