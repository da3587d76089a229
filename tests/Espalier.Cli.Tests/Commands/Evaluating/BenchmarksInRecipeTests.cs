using Espalier.Cli.Tests.Survival;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Evaluating;

/// <summary>Benchmarks of a recipe from outside: the table, JSON, status, the report, and a kill in the middle of one.</summary>
public sealed class BenchmarksInRecipeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Teacher_pruned_and_student_stand_side_by_side_wherever_results_are_shown_also_after_a_kill()
    {
        var recipe = Recipe();
        var (run, killed) = (Path.Combine(_folder.Path, "run"), Path.Combine(_folder.Path, "killed"));
        var report = Verb.Json($"compress {recipe} --output {run}");
        var row = Assert.Single(report.GetProperty("tasks").EnumerateArray());
        Assert.Equal(["teacher", "pruned", "student"], row.GetProperty("models").EnumerateArray().Select(model => model.GetString()!));
        var tasks = row.GetProperty("tasks").EnumerateArray().ToArray();
        Assert.Equal(["endings", "next"], tasks.Select(task => task.GetProperty("task").GetString()!));
        Assert.Equal(2, tasks[0].GetProperty("comparisons").GetArrayLength());
        Assert.All(tasks.SelectMany(task => task.GetProperty("comparisons").EnumerateArray()), comparison =>
            Assert.True(comparison.GetProperty("adjusted").GetDouble() >= comparison.GetProperty("probability").GetDouble()));
        double Acc(int model) => tasks[0].GetProperty("results")[model].GetProperty("metrics")[0].GetProperty("value").GetDouble();
        Assert.True(Acc(0) > Acc(1), $"{Acc(0)} of the teacher, {Acc(1)} once it is pruned without training");

        var rows = report.GetProperty("rows").EnumerateArray().ToArray();
        var ofTeacher = rows[0].GetProperty("tasks")[0];
        Assert.Equal(Acc(0), ofTeacher.GetProperty("metrics")[0].GetProperty("value").GetDouble());
        var lines = File.ReadAllLines(Path.Combine(run, "stages", ofTeacher.GetProperty("stage").GetString()!, "documents.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(Acc(0), lines.Average(line => line.GetProperty("scores").GetProperty("acc").GetDouble()), 12);

        Assert.Contains("endings  acc: teacher ", Spaced(TestCommand.Launch($"status {run}").Output));
        var table = TestCommand.Launch($"compress {recipe} --output {run}").Output;
        Assert.Contains("endings, acc, against teacher", table);
        Assert.Contains("adjusted for 4 comparisons", table);
        Assert.Contains(">Benchmarks</h2>", File.ReadAllText(Path.Combine(run, "report.html")));

        using (var program = new RealProgram("compress", recipe, "--output", killed, "--threads", "1"))
        {
            program.Until(() => Directory.Exists(Path.Combine(killed, "stages"))
                && Directory.EnumerateDirectories(Path.Combine(killed, "stages"), "task-next-*").Any(stage =>
                    Directory.Exists(Path.Combine(stage, "answers")) && !File.Exists(Path.Combine(stage, "stage.json"))));
            program.Kill();
        }
        using (var program = new RealProgram("compress", recipe, "--output", killed, "--threads", "1"))
            Assert.True(program.Wait() == 0, program.Error);
        Assert.Null(RunComparison.Run(run, killed, new(Exact: false, Tolerance: 1e-3)).First);
    }

    private static string Spaced(string text) => System.Text.RegularExpressions.Regex.Replace(text, "endings +", "endings  ");

    private string Recipe()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "next.jsonl"), string.Concat(Enumerable.Range(0, 40).Select(
            i => $"{{\"q\": \"Once upon a time, there were {i} little\", \"a\": \"girls\"}}\n")));
        File.WriteAllText(Path.Combine(_folder.Path, "next.yaml"),
            "kind: generate\ntest: next.jsonl\nprompt: \"{q}\"\ntarget: \"{a}\"\nmax-tokens: 24\n"
                + "filters:\n  word: { regex: '([a-z]+)' }\n");
        var recipe = Path.Combine(_folder.Path, "r.yaml");
        File.WriteAllText(recipe, $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 10%, sequence: 32 }
            score: { samples: 4 }
            prune: { hidden: 128, ffn: 256 }
            evaluate: [ { task: {{Path.Combine(Fixtures.Root, "tasks/endings/endings.yaml")}}, limit: 40 }, {{_folder.Path}}/next.yaml ]
            """);
        return recipe;
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
