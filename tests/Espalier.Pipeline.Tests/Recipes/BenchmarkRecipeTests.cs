using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

/// <summary>Benchmarks of a recipe: what is read, where their files are looked for, and what is refused before any work.</summary>
public sealed class BenchmarkRecipeTests : IDisposable
{
    private const string Short = "teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192 }\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-benchmarks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Recipe Parse(string text) => RecipeFile.Parse(Short + text, "r.yaml");

    [Fact]
    public void Benchmarks_stand_among_texts_and_keep_their_limits_and_shots()
    {
        var recipe = Parse("evaluate: [held-out, mmlu, { task: gsm8k, limit: 200, shots: 0 }, { wiki: w.txt }, a/mine.yaml]"
            + "\nbenchmarks: b");
        Assert.Equal([new("held-out", null), new EvaluationSet("wiki", "w.txt")], recipe.Evaluate);
        Assert.Equal([new() { Task = "mmlu" }, new() { Task = "gsm8k", Limit = 200, Shots = 0 }, new TaskSection { Task = "a/mine.yaml" }],
            recipe.Tasks);
        Assert.Equal(["mmlu", "gsm8k", "mine"], recipe.Tasks.Select(task => task.Name));
        Assert.Equal("b", recipe.Benchmarks);
        var again = RecipeFile.Parse(RecipeFile.Canonical(recipe), "c");
        Assert.Equal((recipe.Benchmarks, recipe.Tasks.Count), (again.Benchmarks, again.Tasks.Count));
        Assert.Equal(recipe.Tasks, again.Tasks);
        Assert.Equal(recipe.Evaluate, again.Evaluate);
        Assert.NotEqual(RecipeFile.Canonical(recipe), RecipeFile.Canonical(recipe with { Tasks = [recipe.Tasks[0]] }));
    }

    [Fact]
    public void What_a_benchmark_is_asked_with_stays_in_the_canonical_text()
    {
        var recipe =
            Parse("evaluate: [{ task: gsm8k, attempts: 8, temperature: 0.6, top-p: 0.9, seed: 7 }, { task: gsm8k, max-tokens: 64 },"
            + " { task: mbpp, chat-template: true, attempts: 1 }]");
        Assert.Equal(["gsm8k (8 attempts)", "gsm8k", "mbpp (chat, 1 attempt)"], recipe.Tasks.Select(task => task.Name));
        Assert.Equal([new(8, 0.6, 0.9, 7), null, new(1, 0.8, 0.95, 0)], recipe.Tasks.Select(task => task.Sampling));
        Assert.Equal(recipe.Tasks, RecipeFile.Parse(RecipeFile.Canonical(recipe), "c").Tasks);
    }

    [Fact]
    public void A_folder_of_benchmarks_means_nothing_without_one() =>
        Assert.Equal(RecipeFile.Canonical(Parse("")), RecipeFile.Canonical(Parse("benchmarks: b")));

    [Theory]
    [InlineData("evaluate: mmul", "r.yaml, line 4: evaluate: mmul is not known. Did you mean mmlu?")]
    [InlineData("evaluate: [{ task: mmul }]", "evaluate: mmul is not known. Did you mean mmlu?")]
    [InlineData("evaluate: [{ task: mmlu, limt: 3 }]", "line 4: there is no key evaluate.limt: did you mean limit?")]
    [InlineData("evaluate: [{ task: mmlu, limit: 0 }]", "line 4: evaluate.limit is 0; it must be a whole number from 1")]
    [InlineData("evaluate: [{ task: ruler_vt, context-length: \"384,512\" }]",
        "384,512 is one text; give a list of whole numbers, such as [4096, 8192]")]
    [InlineData("evaluate: [{ task: gsm8k, top-p: 0.9 }]", "line 4: evaluate: gsm8k has temperature, top-p or seed")]
    [InlineData("evaluate: [{ task: gsm8k, attempts: 2, top-p: 1.5 }]",
        "line 4: evaluate.top-p is 1.5; it must be a number above 0 and at most 1")]
    [InlineData("evaluate: [mmlu, { task: mmlu, limit: 3 }]", "line 4: evaluate: mmlu appears twice; keep one")]
    public void What_is_wrong_with_a_benchmark_is_named_with_its_line(string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Parse(line)).Message);

    [Fact]
    public void Files_of_tasks_and_the_folder_are_found_from_the_folder_above_the_recipes()
    {
        foreach (var folder in (string[])["recipes", "tasks", "data"])
            Directory.CreateDirectory(Path.Combine(_folder, folder));
        File.WriteAllText(Path.Combine(_folder, "tasks", "mine.yaml"), "");
        var path = Path.Combine(_folder, "recipes", "r.yaml");
        File.WriteAllText(path, Short + "evaluate: [tasks/mine.yaml, mmlu]\nbenchmarks: data\n");
        var recipe = RecipeFile.Read(path);
        Assert.Equal([Path.Combine(_folder, "tasks/mine.yaml"), "mmlu"], recipe.Tasks.Select(task => task.Task));
        Assert.Equal(Path.Combine(_folder, "data"), recipe.Benchmarks);
        Assert.Contains(Path.Combine(_folder, "data"), RecipeInputs.ModelAndTexts(recipe).Select(place => place.Path));
    }

    [Theory]
    [InlineData("mmlu", "nowhere", "nowhere is not a folder: benchmark files are expected in it")]
    [InlineData("mmlu", "empty", "benchmarks: FOLDER in a recipe")]
    [InlineData("gone.yaml", "empty", "gone.yaml")]
    [InlineData("broken.yaml", "empty", "questions.jsonl, line 3: has no answer")]
    [InlineData("humaneval", "empty", "evaluate: humaneval asks for programs, which run only on request:")]
    public void What_a_benchmark_lacks_is_refused_before_any_work_and_a_plan_without_weights_says_it(string task, string benchmarks,
        string expected)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "empty"));
        File.WriteAllText(Path.Combine(_folder, "broken.yaml"),
            "test: questions.jsonl\nprompt: \"{q}\"\nchoices: [\"a\", \"b\"]\nanswer: \"{answer}\"\n");
        File.WriteAllText(Path.Combine(_folder, "questions.jsonl"), "{\"q\":\"x\",\"answer\":0}\n"
            + "{\"q\":\"x\",\"answer\":1}\n{\"q\":\"x\"}\n");
        var ids = Fixtures.Golden("quickstart-teacher", "self-written.ids.i32");
        Recipe Of(string teacher) => RecipeFile.Parse(
            $"teacher: {teacher}\ndata: {{ train: {ids}, sequence: 16 }}\nscore: {{ samples: 4 }}\nprune: {{ ffn: 512 }}\n"
                + $"evaluate: [{(task.EndsWith(".yaml", StringComparison.Ordinal) ? Path.Combine(_folder, task) : task)}]\n"
                + $"benchmarks: {Path.Combine(_folder, benchmarks)}\n", "r.yaml");

        var refused = Assert.Throws<RecipeRefusedException>(
            () => RecipeChecks.Require([("r", Of(RecipePlanTests.Teacher))], Path.Combine(_folder, "run")));
        Assert.Contains(expected, Assert.Single(refused.Problems));

        var config = Directory.CreateDirectory(Path.Combine(_folder, "config")).FullName;
        File.Copy(Path.Combine(RecipePlanTests.Teacher, "config.json"), Path.Combine(config, "config.json"));
        var planned = RecipeChecks.OfPlan(Of(config));
        Assert.Empty(planned.Problems);
        Assert.Contains(planned.Unchecked, line => line.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_plan_has_a_line_for_them()
    {
        var plan = RecipePlanTests.Plan("{ ffn: 512 }",
            $"evaluate: [held-out, {{ task: {Path.Combine(Fixtures.Root, "tasks/endings/endings.yaml")}, limit: 9 }}, "
                + $"{{ task: {Path.Combine(Fixtures.Root, "tasks/endings/continuations.yaml")}, limit: 3, attempts: 2, max-tokens: 64 "
                + $"}}]\n");
        Assert.Equal(
            "teacher, pruned student on endings (9 documents): 36 choices or texts to score; continuations (2 attempts) (3 documents): "
            + "9 texts of at most 64 tokens to write",
            Assert.Single(plan.Stages, stage => stage.Name == "benchmarks").Does);
        Assert.DoesNotContain("endings", Assert.Single(plan.Stages, stage => stage.Name == "evaluate").Does);
    }
}
