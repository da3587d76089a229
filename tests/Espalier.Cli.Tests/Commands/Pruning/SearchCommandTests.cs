using Espalier.Cli.Tests.Survival;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary>search, and compress after it, in this process, on the tiny golden model.</summary>
public sealed class SearchCommandTests : TorchTest
{
    private const string Grid = "layers: [4, 5], hidden: [32, 40], candidates: 4";
    private readonly TemporaryFolder _folder = new();
    private readonly string _ids;

    public SearchCommandTests() =>
        _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Recipe(string name, string search, string more = "")
    {
        File.WriteAllText(At(name), $$"""
            teacher: {{Verb.Tiny}}
            data: { train: {{_ids}}, held-out: 10%, sequence: 32 }
            score: { samples: 16 }
            search: { {{search}} }
            distill: { steps: 4, batch: 2, learning-rate: 3e-3, warm-up: 1, checkpoint-every: 1 }
            evaluate: [ held-out, { more: {{_ids}} } ]
            {{more}}
            """);
        return At(name);
    }

    [Fact]
    public void A_search_chooses_a_shape_and_compress_goes_on_with_it()
    {
        var recipe = Recipe("r.yaml", $"{Grid}, rungs: [2, 4, 6], tasks: more, memory: <= 1GiB");
        var (output, picture) = (At("run"), At("picture.html"));
        var report = Verb.Json($"search {recipe} --output {output} --picture {picture} --threads 1");
        DocumentationTests.AssertHas(DocumentationTests.Example("search"), report, "search");
        var candidates = report.GetProperty("candidates").EnumerateArray().ToArray();
        Assert.Equal([1, 2, 3, 4], candidates.Select(row => row.GetProperty("rank").GetInt32()));
        // All on both texts at the first rung, the best at the last that was used.
        Assert.All(candidates,
            row => Assert.Equal(["held-out", "more"],
                row.GetProperty("losses").EnumerateArray().Take(2).Select(loss => loss.GetProperty("set").GetString()!)));
        Assert.True(candidates[0].GetProperty("losses").GetArrayLength() >= candidates[^1].GetProperty("losses").GetArrayLength());
        var (cost, forecast) = (report.GetProperty("cost"), report.GetProperty("forecast"));
        Assert.InRange(cost.GetProperty("tokens").GetInt64(), 1, forecast.GetProperty("tokens").GetInt64());
        Assert.InRange(cost.GetProperty("flops").GetDouble(), 1, forecast.GetProperty("flops").GetDouble());
        var html = File.ReadAllText(picture);
        foreach (var chart in (string[])["held-out NLL against parameters", "held-out NLL against prefill", "held-out NLL against decode"])
            Assert.Contains(chart, html);
        Assert.False(Directory.Exists(Path.Combine(output, "student")));

        // All shapes of the grid are in a file that can be searched again.
        var all = Directory.GetFiles(output, "candidates.json", SearchOption.AllDirectories).Single();
        Assert.Equal(4, Verb.Json($"search {Recipe("file.yaml", $"candidates: {all}")} --enumerate").GetProperty("count").GetInt64());

        var done = Verb.Json($"compress {recipe} --output {output} --threads 1");
        Assert.All(done.GetProperty("stages").EnumerateArray()
            .Where(stage => stage.GetProperty("stage").GetString() is "candidate" or "search" or "score"),
            stage => Assert.True(stage.GetProperty("reused").GetBoolean()));
        var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "student", "config.json"))).RootElement;
        var chosen = report.GetProperty("chosen");
        Assert.Equal((chosen.GetProperty("layers").GetInt32(), chosen.GetProperty("hidden").GetInt32()),
            (config.GetProperty("num_hidden_layers").GetInt32(), config.GetProperty("hidden_size").GetInt32()));
        Assert.Equal(chosen.ToString(), ChosenOf(done));
        var page = File.ReadAllText(Path.Combine(output, "report.html"));
        Assert.Contains("<h2>Candidates</h2>", page);
        Assert.Contains("held-out NLL against parameters", page);
    }

    [Fact]
    public void Candidates_are_compared_on_multiple_choice_items_too()
    {
        File.WriteAllLines(At("sky.jsonl"),
        [
            """{"context": "Once upon a", "choices": ["time", "chair"], "answer": 0}""",
            """{"context": "The girl was", "choices": ["happy", "of"], "answer": 0}""",
        ]);
        File.WriteAllText(At("tasks.yaml"), $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 0.1%, sequence: 16 }
            score: { samples: 8 }
            search: { layers: [3, 4], rungs: [1, 2], tasks: {{At("sky.jsonl")}} }
            distill: { steps: 2, batch: 1, warm-up: 0 }
            """);
        var report = Verb.Json($"search {At("tasks.yaml")} --output {At("run")} --threads 1");
        foreach (var row in report.GetProperty("candidates").EnumerateArray())
        {
            var task = row.GetProperty("losses").EnumerateArray().First(loss => loss.GetProperty("set").GetString() == "sky");
            Assert.InRange(task.GetProperty("nll").GetDouble(), 1e-3, 20);
            Assert.True(task.GetProperty("nll_se").GetDouble() > 0);
        }
        Assert.Equal("acc", report.GetProperty("candidates")[0].GetProperty("losses")[1].GetProperty("metric").GetString());
        File.WriteAllText(At("sky.jsonl"), """{"context": "Once", "choices": ["a", "b"], "answer": 2}""");
        Assert.Contains("answer is 2; it must be a whole number from 0 to 1",
            Verb.Refused($"search {At("tasks.yaml")} --output {At("other")} --threads 1"));
        Assert.False(Directory.Exists(At("other")));
    }

    [Fact]
    public void Candidates_are_asked_benchmarks_and_how_they_go_on_also_after_a_kill()
    {
        var endings = Path.Combine(Fixtures.Root, "tasks", "endings");
        File.WriteAllText(At("tasks.yaml"), $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 0.2%, sequence: 16 }
            score: { samples: 8 }
            search: { layers: [5, 6], rungs: [1, 2], tasks: [ { task: {{endings}}/endings.yaml, limit: 12 },
              { task: {{endings}}/continuations.yaml, limit: 3, max-tokens: 12 } ] }
            distill: { steps: 2, batch: 1, warm-up: 0 }
            """);
        var line = $"search {At("tasks.yaml")} --output {At("run")} --picture {At("p.html")} --threads 1";
        var report = Verb.Json(line);
        string[] names = ["held-out", "endings", "continuations", "continuations repetition"];
        var candidates = report.GetProperty("candidates").EnumerateArray().Select(row => row.GetProperty("losses").EnumerateArray()
            .TakeLast(4).ToArray()).ToArray();
        Assert.All(candidates, losses => Assert.Equal(names, losses.Select(loss => loss.GetProperty("set").GetString())));
        double Number(int candidate, int set, string name) => candidates[candidate][set].GetProperty(name).GetDouble();
        for (var set = 0; set < 4; set++)
        {
            Assert.Equal(3, Number(0, set, "place") + Number(1, set, "place"));
            Assert.Equal(Number(1, set, "nll") - Number(0, set, "nll"), Number(1, set, "behind"), 1e-12);
            Assert.False(candidates[0][set].TryGetProperty("behind", out _));
        }
        Assert.True(Enumerable.Range(0, 4).Sum(set => Number(0, set, "place")) <= Enumerable.Range(0, 4)
            .Sum(set => Number(1, set, "place")));
        Assert.Equal(("acc", "continuation_perplexity"),
            (candidates[0][1].GetProperty("metric").GetString(), candidates[0][2].GetProperty("metric").GetString()));
        Assert.InRange(Number(0, 3, "nll"), 0, 1);

        // The share of right answers is a number of twelfths.
        Assert.Equal(Math.Round(12 * Number(0, 1, "score")), 12 * Number(0, 1, "score"), 1e-9);
        var (code, text, _) = TestCommand.Launch(line);
        Assert.Equal(0, code);
        Assert.Contains("candidates are ordered by their mean rank", text);
        Assert.Contains("continuations repetition", File.ReadAllText(At("p.html")));
        Assert.Contains("on held-out, endings (12 documents), continuations (3 documents), and half",
            Verb.Json($"plan {At("tasks.yaml")}").GetProperty("stages").ToString());

        // Killed while candidates are asked, it ends with the same numbers, and nothing is left of the answers.
        using (var program = new RealProgram("search", At("tasks.yaml"), "--output", At("killed"), "--threads", "1"))
        {
            program.Until(() => Directory.Exists(At("killed/stages"))
                && Directory.EnumerateDirectories(At("killed/stages"), "candidate-*").Any(stage =>
                    Directory.Exists(Path.Combine(stage, "answers")) && !File.Exists(Path.Combine(stage, "stage.json"))));
            program.Kill();
        }
        using (var program = new RealProgram("search", At("tasks.yaml"), "--output", At("killed"), "--threads", "1"))
            Assert.True(program.Wait() == 0, program.Error);
        Assert.Null(RunComparison.Run(At("run"), At("killed"), new(Exact: true)).First);
        Assert.All(Directory.EnumerateDirectories(At("killed/stages"), "candidate-*"),
            stage => Assert.False(Directory.Exists(Path.Combine(stage, "answers"))));
    }

    [Theory]
    [InlineData("humaneval", "search.tasks: humaneval asks for programs")]
    [InlineData("mtbench", "search.tasks: mtbench is graded by a judge")]
    [InlineData("nothing.jsonl", "nothing.jsonl: not found")]
    [InlineData("arc_easy", "task arc_easy")]
    [InlineData("{ task: FOLDER/endings.yaml, max-tokens: 3 }",
        "search.tasks: a model generates no text for endings: leave its max-tokens out")]
    public void Benchmarks_that_cannot_be_asked_are_refused_before_any_work(string task, string expected)
    {
        var folder = Path.Combine(Fixtures.Root, "tasks", "endings");
        File.WriteAllText(At("tasks.yaml"), $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 0.2%, sequence: 16 }
            search: { layers: [5, 6], tasks: [ {{task.Replace("FOLDER", folder, StringComparison.Ordinal)}} ] }
            distill: { steps: 2, batch: 1, warm-up: 0 }
            benchmarks: {{Directory.CreateDirectory(At("benchmarks")).FullName}}
            """);
        Assert.Contains(expected, Verb.Refused($"search {At("tasks.yaml")} --output {At("run")} --threads 1"));
        Assert.False(Directory.Exists(At("run")));
    }

    [Fact]
    public void A_rung_goes_on_as_one_longer_training_would()
    {
        double Last(string rungs, string output) =>
            Verb.Json(
                $"search {Recipe($"{output}.yaml", $"candidates: {File("one.json", "{\"layers\": 5}")}, rungs: {rungs}")} --output "
                    + $"{At(output)} --threads 1")
            .GetProperty("candidates")[0].GetProperty("losses").EnumerateArray().Last().GetProperty("nll").GetDouble();
        string File(string name, params string[] shapes)
        {
            System.IO.File.WriteAllText(At(name), $"{{\"version\": 1, \"candidates\": [{string.Join(", ", shapes)}]}}");
            return At(name);
        }

        // Two, so that there is a second rung; the second one's losses do not matter.
        var two = File("two.json", "{\"layers\": 5}", "{\"layers\": 4}");
        var halved = Verb.Json($"search {Recipe("two.yaml", $"candidates: {two}, rungs: [2, 5]")} --output {At("two")} --threads 1")
            .GetProperty("candidates").EnumerateArray().Single(row => row.GetProperty("layers").GetInt32() == 5).GetProperty("losses")
            .EnumerateArray().ToArray();
        Assert.Equal([2, 5], halved.Select(loss => loss.GetProperty("steps").GetInt32()));
        // Warm-up is at most the first rung: one step in both.
        Assert.Equal(Last("[5]", "one"), halved[1].GetProperty("nll").GetDouble());
        Assert.NotEqual(halved[0].GetProperty("nll").GetDouble(), halved[1].GetProperty("nll").GetDouble());
    }

    [Fact]
    public void Interrupted_anywhere_a_search_ends_as_if_it_had_not_been()
    {
        var recipe = Recipe("r.yaml", $"{Grid}, rungs: [2, 4]");
        string Result(string output) =>
            File.ReadAllText(Directory.GetFiles(At(output), "search.json", SearchOption.AllDirectories).Single());
        Verb.Json($"search {recipe} --output {At("whole")} --threads 1");
        // What an interrupted run leaves: the later stages are not there, and one of them lost the record that it was done.
        Verb.Json($"search {recipe} --output {At("again")} --threads 1");
        var stages = Directory.GetDirectories(Path.Combine(At("again"), "stages")).Order(StringComparer.Ordinal).ToArray();
        var candidates = stages.Where(stage => Path.GetFileName(stage).StartsWith("candidate-", StringComparison.Ordinal)).ToArray();
        Assert.Equal(6, candidates.Length);
        Directory.Delete(stages.Single(stage => Path.GetFileName(stage).StartsWith("search-", StringComparison.Ordinal)), recursive: true);
        Directory.Delete(candidates[1], recursive: true);
        File.Delete(Path.Combine(candidates[3], "stage.json"));
        Verb.Json($"search {recipe} --output {At("again")} --threads 1");
        Assert.Equal(Result("whole"), Result("again"));
        Assert.Null(RunComparison.Run(At("whole"), At("again"), new(Exact: true)).First);
    }

    [Fact]
    public void Where_no_candidate_has_a_finite_loss_the_search_says_so_after_all_were_tried()
    {
        var recipe = Recipe("r.yaml", "layers: [4, 5], rungs: [1, 2], learning-rate: 1e15");
        for (var start = 0; start < 2; start++)
        {
            var (code, _, error) = TestCommand.Launch($"search {recipe} --output {At("run")} --threads 1");
            Assert.Equal(1, code);
            Assert.Equal(2, error.Split("is ranked last: after 1 steps its loss on held-out is").Length - 1);
            Assert.Contains("search: none of the 2 candidates has a finite loss: lower search.learning-rate", error,
                StringComparison.Ordinal);
        }
        // What was tried is kept: no candidate is trained again.
        Assert.Equal(2, Directory.GetDirectories(At("run/stages"), "candidate-*").Count(
            stage => File.Exists(Path.Combine(stage, "stage.json"))));
    }

    [Fact]
    public void Loss_as_pruned_can_order_them()
    {
        var report =
            Verb.Json(
                $"search {Recipe("r.yaml", "layers: [2, 3, 4, 5], candidates: 2, rungs: [1], proxy: pruned-loss")} --output "
                    + $"{At("run")} --threads 1");
        var rows = report.GetProperty("candidates").EnumerateArray().OrderBy(row => row.GetProperty("proxy_rank").GetInt32()).ToArray();
        Assert.Equal("pruned-loss", report.GetProperty("proxy").GetString());
        Assert.Equal(2, rows.Length);
        Assert.True(rows[0].GetProperty("proxy").GetDouble() <= rows[1].GetProperty("proxy").GetDouble());
    }

    [Fact]
    public void Candidates_are_listed_without_weights()
    {
        var recipe = Path.Combine(Fixtures.Root, "recipes", "nemotron-4-15b-search-4b.yaml");
        var report = Verb.Json($"search {recipe} --enumerate --limit 2 --write {At("all.json")}");
        Assert.Equal((18, 2), (report.GetProperty("count").GetInt32(), report.GetProperty("candidates").GetArrayLength()));
        Assert.Equal(18, JsonDocument.Parse(File.ReadAllText(At("all.json"))).RootElement.GetProperty("candidates").GetArrayLength());
        Assert.False(Directory.Exists(Path.Combine("runs", "nemotron-4-15b-search-4b")));
        var plan = Verb.Json($"plan {recipe} --gflops 100");
        Assert.Equal((18, 18),
            (plan.GetProperty("search").GetProperty("count").GetInt32(), plan.GetProperty("search").GetProperty("trained").GetInt32()));
        var names = plan.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()!).ToArray();
        Assert.Equal("search", names[Array.IndexOf(names, "prune") - 1]);
        // 18, 9 and 5 candidates at 100, 200 and 381 steps of 1152 windows of 4096.
        Assert.Equal((18L * 100 + 9 * 100 + 5 * 181) * 1152 * 4096,
            plan.GetProperty("search").GetProperty("cost").GetProperty("tokens").GetInt64());
    }

    public override void Dispose()
    {
        base.Dispose();
        _folder.Dispose();
    }

    private static string ChosenOf(JsonElement compressed)
    {
        var best = compressed.GetProperty("search")[0].GetProperty("search").GetProperty("candidates")[0];
        return $"{{\"layers\":{best.GetProperty("layers")},\"heads\":{best.GetProperty("heads")},\"ffn\":"
            + $"{best.GetProperty("ffn")},\"hidden\":{best.GetProperty("hidden")}}}";
    }
}
