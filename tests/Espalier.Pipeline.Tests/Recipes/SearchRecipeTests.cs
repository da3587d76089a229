using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Compression.Training.Schedules;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

/// <summary>The section <c>search</c> of a recipe.</summary>
public sealed class SearchRecipeTests
{
    private const string Searching = "teacher: t\ndata: { train: a.txt }\ndistill: { steps: 300, learning-rate: 2e-3, warm-up: 40 }\n";

    private static Recipe Parse(string text) => RecipeFile.Parse(text, "r.yaml");

    [Fact]
    public void Every_key_of_a_search_reaches_its_field()
    {
        var recipe = Parse(Searching + """
            search: { layers: 4-8 step 2, heads: [4, 8], ffn: [256, 512], hidden: 128-256 step 64, parameters: 4M +-5%, non-embedding-parameters: 2.8M to 3.2M, memory: <= 1GiB,
              context: 2048, sequences: 4, flops-per-token: <= 10M, prefill: <= 20ms, decode: <= 2ms, candidates: 6, proxy: pruned-loss, rungs: [20, 40], batch: 4, learning-rate: 1e-3, tasks: mine }
            prune: { depth: scattered, multiple: 32 }
            evaluate: [held-out, { mine: b.txt }]
            """);
        var search = recipe.Search!;
        Assert.Equal([4, 6, 8], search.Space.Sizes[Axis.Layers]!);
        Assert.Equal([4, 8], search.Space.Sizes[Axis.Heads]!);
        Assert.Equal([256, 512], search.Space.Sizes[Axis.Ffn]!);
        Assert.Equal([128, 192, 256], search.Space.Sizes[Axis.Hidden]!);
        Assert.Equal(32, search.Space.Multiple);
        Assert.Equal((new Budget(3_800_000, 4_200_000), new Budget(2_800_000, 3_200_000), new Budget(0, 1 << 30)),
            (search.Parameters!.Value, search.NonEmbeddingParameters!.Value, search.Memory!.Value));
        Assert.Equal((new Budget(0, 1e7), new Budget(0, 0.02), new Budget(0, 0.002)),
            (search.FlopsPerToken!.Value, search.Prefill!.Value, search.Decode!.Value));
        Assert.Equal((2048, 4, 6, SearchProxy.PrunedLoss, 4, 1e-3),
            (search.Context, search.Sequences, search.Candidates, search.Proxy, search.Batch!.Value, search.LearningRate!.Value));
        Assert.Equal([20, 40], search.Rungs);
        Assert.Equal(["mine"], search.Texts);
        Assert.Empty(search.Tasks);
        Assert.Equal((DepthChoice.Scattered, 32, null), (recipe.Prune.Depth, recipe.Prune.Target.Multiple, recipe.Prune.Target.Hidden));
        var canonical = RecipeFile.Canonical(recipe);
        Assert.Equal(canonical, RecipeFile.Canonical(Parse(canonical)));
    }

    [Fact]
    public void Benchmarks_of_a_search_are_written_as_those_of_evaluate()
    {
        var recipe = Parse(Searching + """
            search: { hidden: 128, tasks: [ mine, { task: gsm8k, limit: 20, shots: 0, max-tokens: 64 }, mmlu, a/b.yaml, c/items.jsonl,
              { task: ruler_niah_single_1, context-length: [256, 512] }, { task: arc_easy, chat-template: true } ] }
            evaluate: [held-out, { mine: b.txt }]
            benchmarks: data
            """);
        Assert.Equal(["mine"], recipe.Search!.Texts);
        Assert.Equal(["gsm8k (20 documents, 0 shots)", "mmlu", "b", "items", "ruler_niah_single_1", "arc_easy (chat)"],
            recipe.Search.Tasks.Select(task => task.Title));
        Assert.Equal(64, recipe.Search.Tasks.First().MaxTokens);
        Assert.Equal([256, 512], recipe.Search.Tasks.ElementAt(4).ContextLengths);
        Assert.Empty(recipe.Tasks);
        var canonical = RecipeFile.Canonical(recipe);
        Assert.Contains("\"benchmarks\":\"data\"", canonical);
        Assert.Contains("\"mine\",{\"limit\":20,\"max-tokens\":64,\"shots\":0,\"task\":\"gsm8k\"},\"mmlu\"",
            canonical);
        Assert.Equal(canonical, RecipeFile.Canonical(Parse(canonical)));
    }

    [Fact]
    public void A_candidate_trains_as_the_student_will_at_a_constant_rate()
    {
        var recipe = Parse(Searching + "search: { hidden: 128 }");
        var training = recipe.Search!.Training(recipe.Distill!, 50);
        Assert.Equal((50, 2e-3, 25, ScheduleKind.Constant, 8),
            (training.Steps, training.LearningRate, training.WarmUp, training.Schedule, training.Batch));
        // Nothing but the number of steps differs from one rung to the next: the longer training begins with the shorter.
        Assert.Equal(training with { Steps = 100 }, recipe.Search.Training(recipe.Distill!, 100));
    }

    [Theory]
    [InlineData("search: { candidates: mine.json }")]
    [InlineData("search: { expansion: [2.5, 3], parameters: <= 3M }")]
    public void The_canonical_text_of_a_search_reads_back_as_the_same(string text)
    {
        var canonical = RecipeFile.Canonical(Parse(Searching + text));
        Assert.Equal(canonical, RecipeFile.Canonical(Parse(canonical)));
        Assert.NotEqual(canonical, RecipeFile.Canonical(Parse(Searching + text + "\nprune: { depth: scattered }")));
    }

    [Theory]
    [InlineData("search: { parameters: 3M +-5% }", "line 4: search.hidden is missing; give it, as in: search: {")]
    [InlineData("search: { hidden: wide }", "search.hidden: 'wide' is not a size")]
    [InlineData("search: { hidden: 128, parameters: 3M }", "search.parameters: '3M' is not a budget; write 3M +-5%, 2.8M to 3.2M or <= 3M")]
    [InlineData("search: { hidden: 128, memory: much }", "search.memory: 'much' is not a budget; write <= 8GiB or 500MB to 1GB")]
    [InlineData("search: { hidden: 128, decode: fast }", "search.decode: 'fast' is not a budget; write <= 20ms or 10ms to 0.1s")]
    [InlineData("search: { ffn: 128, expansion: 2 }", "search.expansion is 2; search.ffn is also given;")]
    [InlineData("search: { hidden: 128, candidates: mine.json }",
        "search.hidden is 128; search.candidates already names a file of shapes")]
    [InlineData("search: { hidden: 128, candidates: 0 }", "search.candidates is 0; it must be a whole number from 1")]
    [InlineData("search: { hidden: 128, rungs: [50, 25] }", "search.rungs is a list; its steps are counted from the start and must increase")]
    [InlineData("search: { hidden: 128, rungs: [soon] }", "search.rungs is a list; it must list numbers of steps")]
    [InlineData("search: { hidden: 128, tasks: held-out }", "search.tasks: held-out is not known.")]
    [InlineData("search: { hidden: 128, tasks: [a/items.jsonl, b/items.jsonl] }", "a name appears twice")]
    [InlineData("search: { hidden: 128, tasks: [mmlu, { task: mmlu, limit: 3 }] }", "a name appears twice")]
    [InlineData("search: { hidden: 128, tasks: mmllu }", "search.tasks: mmllu is not known. Did you mean mmlu?")]
    [InlineData("search: { hidden: 128, tasks: { task: mmlu, limit: 0 } }", "search.tasks.limit is 0; it must be a whole number from 1")]
    [InlineData("search: { hidden: 128, tasks: [[mmlu]] }", "search.tasks must list names of texts and benchmarks")]
    [InlineData("search: { hidden: 128, proxi: importance }", "there is no key search.proxi: did you mean proxy?")]
    [InlineData("search: { hidden: 128 }\nevaluate: []", "search: its candidates are compared on held-out, which evaluate does not list")]
    [InlineData("search: { hidden: 128 }\nprune: { ffn: 512 }", "prune.ffn is 512; the search finds the shape")]
    [InlineData("search: { hidden: 128 }\ncorrect: { mode: parallel }",
        "search: its candidates would learn from a teacher that is not yet corrected")]
    public void What_is_wrong_in_a_search_is_named(string added, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Parse(Searching + added)).Message);

    [Fact]
    public void A_search_needs_a_distillation() =>
        Assert.Contains("search: its candidates are trained as in distill, which is missing",
            Assert.Throws<EspalierException>(() => Parse("teacher: t\ndata: { train: a }\nsearch: { hidden: 128 }")).Message);
}
