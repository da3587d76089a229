using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Espalier.Files;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Json.Schema;

namespace Espalier.Tests.Recipes;

/// <summary>The schema and the reader agree: what the reader takes is valid, and misspelt keys and wrong kinds are not.</summary>
public sealed class RecipeSchemaTests
{
    private const string Start = "teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192 }\n";
    private static readonly JsonSchema s_schema = JsonSchema.FromText(RecipeSchema.Make().ToJsonString());

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.yaml", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Path.Combine(Fixtures.Root, "recipes"), path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_recipe_is_valid_and_so_is_its_canonical_text(string name)
    {
        var text = File.ReadAllText(Path.Combine(Fixtures.Root, "recipes", name));
        Assert.True(IsValid(text), name);
        Assert.True(IsValid(RecipeFile.Canonical(RecipeFile.Parse(text, name))), $"canonical text of {name}");
    }

    [Fact]
    public void Whatever_the_reader_takes_of_many_short_recipes_is_valid()
    {
        var taken = 0;
        foreach (var line in File.ReadAllLines(Path.Combine(Fixtures.Root, "tests", "golden", "options", "variants.txt")))
        {
            var recipe = "teacher: t\n" + (line.Contains("data:") ? "" : "data: { train: a.txt }\n")
                + (line.Contains("prune:") || line.Contains("search:") ? "" : "prune: { hidden: 192 }\n") + line.Replace(" | ", "\n");
            try
            {
                RecipeFile.Parse(recipe, "r.yaml");
            }
            catch (EspalierException)
            {
                continue;
            }
            taken++;
            Assert.True(IsValid(recipe), line);
        }
        Assert.InRange(taken, 50, 1000);
    }

    [Theory]
    [InlineData("seeed: 1")]
    [InlineData("seed: many")]
    [InlineData("seed: -1")]
    [InlineData("clamp: perhaps")]
    [InlineData("output: [a, b]")]
    [InlineData("score: { samples: many }")]
    [InlineData("score: { sampels: 3 }")]
    [InlineData("score: { batch: l3 }")]
    [InlineData("score: 256")]
    [InlineData("distill: { steps: 3, lerning-rate: 1e-3 }")]
    [InlineData("distill: { steps: 3, learning-rate: fast }")]
    [InlineData("distill: { steps: 3, betas: 0.9 }")]
    [InlineData("distill: { steps: 3, schedule: cosin }")]
    [InlineData("distill: { steps: 3, hidden: { layrs: 2:1 } }")]
    [InlineData("distill: { steps: 3, cache: { encoding: topk } }")]
    [InlineData("distill: auto")]
    [InlineData("correct: { steps: 3, loss: forward-kl }")]
    [InlineData("correct: sometimes")]
    [InlineData("cycles: { shapes: [{ hiden: 3 }] }")]
    [InlineData("cycles: { shapes: 3 }")]
    [InlineData("cycles: { count: 17 }")]
    [InlineData("search: { hidden: wide }")]
    [InlineData("search: { rungs: [x] }")]
    [InlineData("evaluate: heldout")]
    [InlineData("evaluate: [{ held-out: a.txt }]")]
    [InlineData("evaluate: [{ a/b: a.txt }]")]
    [InlineData("export: gguf-q8")]
    public void What_is_misspelt_or_of_a_wrong_kind_is_not_valid(string line)
    {
        Assert.True(IsValid(Start));
        Assert.False(IsValid(Start + line));
    }

    [Theory]
    [InlineData("data: { train: a.txt }\nprune: { hidden: 192 }")]
    [InlineData("teacher: t\nprune: { hidden: 192 }")]
    [InlineData("teacher: t\ndata: { train: a.txt }")]
    [InlineData("teacher: t\ndata: { field: a }\nprune: { hidden: 192 }")]
    public void What_lacks_a_required_key_is_not_valid(string recipe) => Assert.False(IsValid(recipe));

    private static bool IsValid(string yaml) =>
        s_schema.Evaluate(
            System.Text.Json.JsonDocument.Parse(Json(YamlTree.Parse(yaml, "r.yaml", RecipeFile.Kind))?.ToJsonString() ?? "null").RootElement).IsValid;

    /// <summary>A YAML value as editors have it, by the core schema of YAML 1.2.</summary>
    private static JsonNode? Json(YamlValue value) => value switch
    {
        YamlText { IsEmpty: true } => null,
        YamlText { Quoted: false, Text: "true" } => true,
        YamlText { Quoted: false, Text: "false" } => false,
        YamlText { Quoted: false, Text: var text } when Regex.IsMatch(text, @"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
            && double.TryParse(text, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
        YamlText { Text: var text } => text,
        YamlList { Items: var items } => new JsonArray([.. items.Select(Json)]),
        YamlMap { Entries: var entries } => new JsonObject(entries.Select(entry => KeyValuePair.Create(entry.Key.Text, Json(entry.Value)))),
        _ => throw new InvalidOperationException($"{value}"),
    };
}
