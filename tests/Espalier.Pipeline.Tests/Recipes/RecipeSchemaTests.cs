using System.Text.RegularExpressions;
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
        Assert.Empty(Problems(text));
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
            Assert.Empty(Problems(recipe));
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
    [InlineData("evaluate: [mmul]")]
    [InlineData("evaluate: [{ task: mmlu, limt: 3 }]")]
    [InlineData("evaluate: [{ task: mmlu, limit: 0 }]")]
    [InlineData("benchmarks: [a, b]")]
    [InlineData("export: gguf-q8")]
    [InlineData("seed: 1.5")]
    [InlineData("output: \" a\"")]
    [InlineData("cycles: atuo")]
    [InlineData("cycles: { largest-cut: 1 }")]
    [InlineData("cycles: { largest-cut: 120% }")]
    [InlineData("score: { samples: 2.5 }")]
    [InlineData("score: { samples: \"-3\" }")]
    [InlineData("score: { samples: 0 }")]
    [InlineData("prune: { hidden: 192, heads: 0 }")]
    [InlineData("prune: { method: wanda, sparsity: 2 }")]
    [InlineData("prune: { method: wanda, sparsity: 4-2 }")]
    [InlineData("distill: { steps: 2.5 }")]
    [InlineData("distill: { steps: \"2.5\" }")]
    [InlineData("distill: { steps: \"0\" }")]
    [InlineData("distill: { tokens: -1M }")]
    [InlineData("distill: { steps: 3, learning-rate: -1e-3 }")]
    [InlineData("distill: { steps: 3, learning-rate: 0 }")]
    [InlineData("distill: { steps: 3, learning-rate: -1e-3 to 1e-4 }")]
    [InlineData("distill: { steps: 3, learning-rate: fast to slow }")]
    [InlineData("distill: { steps: 3, min-learning-rate: -1 }")]
    [InlineData("distill: { steps: 3, schedule: wsd, decay-steps: 0.1 }")]
    [InlineData("distill: { steps: 3, schedule: wsd, decay-steps: 110% }")]
    [InlineData("distill: { steps: 3, weight-decay: -0.1 }")]
    [InlineData("distill: { steps: 3, weight-decay: 1000 }")]
    [InlineData("distill: { steps: 3, betas: [0.9, 1] }")]
    [InlineData("distill: { steps: 3, adam-epsilon: 0 }")]
    [InlineData("distill: { steps: 3, layer-decay: 1.1 }")]
    [InlineData("distill: { steps: 3, clip: -1 }")]
    [InlineData("distill: { steps: 3, temperature: 0 }")]
    [InlineData("distill: { steps: 3, freeze: embeding }")]
    [InlineData("distill: { steps: 3, freeze: [norms, layers] }")]
    [InlineData("distill: { steps: 3, freeze: layers 1-2-3 }")]
    [InlineData("distill: { steps: 3, loss: forwrd-kl }")]
    [InlineData("distill: { steps: 3, loss: 0.5*forward-kl + }")]
    [InlineData("distill: { steps: 3, loss: forward-kl(2) }")]
    [InlineData("distill: { steps: 3, loss: x*forward-kl }")]
    [InlineData("distill: { steps: 3, hidden: { layers: 3 } }")]
    [InlineData("distill: { steps: 3, hidden: { final: true, weight: 0 } }")]
    [InlineData("distill: { steps: 3, evaluate-every: -1 }")]
    [InlineData("correct: { steps: 3, teacher-learning-rate: -1 }")]
    [InlineData("correct: { steps: 3, when: auto, threshold: -1 }")]
    [InlineData("search: { hidden: 128-64-2 }")]
    [InlineData("search: { hidden: [] }")]
    [InlineData("search: { hidden: 128, expansion: 0 }")]
    [InlineData("search: { hidden: 128, expansion: 1001 }")]
    [InlineData("search: { hidden: 128, candidates: 2.5 }")]
    [InlineData("search: { hidden: 128, candidates: 0 }")]
    [InlineData("search: { hidden: 128, parameters: 3M }")]
    [InlineData("search: { hidden: 128, memory: much }")]
    [InlineData("search: { hidden: 128, rungs: [2.5, 5] }")]
    [InlineData("search: { hidden: 128, rungs: [] }")]
    public void What_the_reader_refuses_of_one_value_is_not_valid(string line)
    {
        Assert.True(IsValid(Start));
        // A section that stands in the start too is this line's.
        var key = line[..(line.IndexOf(':', StringComparison.Ordinal) + 1)];
        var recipe = string.Concat(Start.Split('\n').Where(other => other.Length > 0 && !other.StartsWith(key, StringComparison.Ordinal)
            && !(key == "search:" && other.StartsWith("prune:", StringComparison.Ordinal))).Select(other => $"{other}\n")) + line;
        Assert.ThrowsAny<EspalierException>(() => RecipeFile.Parse(recipe, "r.yaml"));
        Assert.False(IsValid(recipe));
    }

    [Theory]
    [InlineData("data: { train: a.txt, held-out: 200% }")]
    [InlineData("data: { train: a.txt, held-out: 2 }")]
    [InlineData("data: { train: a.txt, held-out: 0 }")]
    [InlineData("data: { train: a.txt, held-out: -2% }")]
    [InlineData("data: { train: a.txt, sequence: 2.5 }")]
    [InlineData("data: { train: [] }")]
    public void Nor_is_such_a_text(string data)
    {
        var recipe = $"teacher: t\n{data}\nprune: {{ hidden: 192 }}";
        Assert.ThrowsAny<EspalierException>(() => RecipeFile.Parse(recipe, "r.yaml"));
        Assert.False(IsValid(recipe));
    }

    [Theory]
    [InlineData("distill: { steps: 1k }")]
    [InlineData("distill: { steps: 2.5k }")]
    [InlineData("distill: { steps: \"1e3\" }")]
    [InlineData("distill: { steps: 3, learning-rate: \"1e-3\" }")]
    [InlineData("distill: { steps: 3, learning-rate: 1e-3 to 0 }")]
    [InlineData("distill: { steps: 30, schedule: wsd, decay-steps: 40% }")]
    [InlineData("distill: { steps: 3, freeze: [embedding, layer 5, layers 0-3] }")]
    [InlineData("distill: { steps: 3, loss: 0.9*forward-kl + 1e-1*jensen-shannon(0.1) + 1*cross-entropy }")]
    [InlineData("distill: { steps: 3, clip: none }")]
    [InlineData("distill: { steps: 3, hidden: { layers: [2:1, 3:2], weight: dynamic } }")]
    [InlineData("cycles: auto\ndistill: { steps: 3 }")]
    [InlineData("score: { samples: \"64\" }")]
    [InlineData("evaluate: [held-out, mmlu, { task: gsm8k, limit: 200, shots: 0 }, tasks/mine.yaml, { wiki: a.txt }]\nbenchmarks: b")]
    [InlineData("evaluate: { task: tasks/mine.yml }")]
    public void What_it_takes_in_other_forms_is(string line)
    {
        RecipeFile.Parse(Start + line, "r.yaml");
        Assert.True(IsValid(Start + line));
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

    /// <summary>What would be said beside a first error, which must be nothing of what the reader takes.</summary>
    private static List<(long Line, string What)> Problems(string recipe) =>
        SectionFields.Problems((YamlMap)YamlTree.Parse(recipe, "r.yaml", RecipeFile.Kind), "r.yaml", RecipeKeys.Section);
}
