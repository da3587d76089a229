using Espalier.Cli.Tests.Survival;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Training;

/// <summary><c>synthesize</c> of a recipe from outside: plan, status, report, and a kill in the middle of it.</summary>
public sealed class SynthesizeInRecipeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_teacher_writes_once_the_student_is_there_also_after_a_kill()
    {
        var recipe = Recipe("{ count: 24, max-tokens: 32, min-tokens: 1, keep-unfinished: true, max-repetition: 40% }");
        var (run, killed) = (Path.Combine(_folder.Path, "run"), Path.Combine(_folder.Path, "killed"));
        var line = Assert.Single(Verb.Json($"plan {recipe} --no-calibration").GetProperty("stages").EnumerateArray(),
            stage => stage.GetProperty("name").GetString() == "synthesize");
        Assert.Equal("teacher writes 24 texts from nothing, at most 32 tokens each", line.GetProperty("does").GetString());
        Assert.Equal(24 * 32, line.GetProperty("tokens").GetInt32());

        var report = Verb.Json($"compress {recipe} --output {run}");
        var stages = report.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()!).ToArray();
        Assert.True(Array.IndexOf(stages, "synthesize") is var at && at > Array.IndexOf(stages, "prune")
            && at < Array.IndexOf(stages, "export"));
        var file = Assert.Single(Directory.GetFiles(Path.Combine(run, "stages"), "synthesized.jsonl", SearchOption.AllDirectories));
        var kept = File.ReadAllLines(file);
        Assert.InRange(kept.Length, 1, 24);
        var page = File.ReadAllText(Path.Combine(run, "report.html"));
        Assert.Contains(">Texts written by the teacher</h2>", page);
        Assert.Contains($">{kept.Length}</td>", page);
        Assert.Contains("synthesize", TestCommand.Launch($"status {run}").Output);

        using (var program = new RealProgram("compress", recipe, "--output", killed, "--threads", "1"))
        {
            program.Until(() => Directory.Exists(Path.Combine(killed, "stages")) && Directory
                .EnumerateFiles(Path.Combine(killed, "stages"), "synthesized.jsonl.journal", SearchOption.AllDirectories)
                .Any(journal => new FileInfo(journal).Length > 2000));
            program.Kill();
        }
        using (var program = new RealProgram("compress", recipe, "--output", killed, "--threads", "1"))
            Assert.True(program.Wait() == 0, program.Error);
        Assert.Equal(kept.Length, File.ReadLines(Assert.Single(
            Directory.GetFiles(Path.Combine(killed, "stages"), "synthesized.jsonl", SearchOption.AllDirectories))).Count());
        Assert.Null(RunComparison.Run(run, killed, new(Exact: false, Tolerance: 1e-3)).First);

        // What it wrote is training text.
        var next = Path.Combine(_folder.Path, "next.yaml");
        File.WriteAllText(next, $"teacher: {Verb.Teacher}\ndata: {{ train: {file}, held-out: 20%, sequence: 16 }}\n"
            + "score: { samples: 2 }\nprune: { ffn: 512 }\n");
        Verb.Json($"compress {next} --output {Path.Combine(_folder.Path, "next")}");
    }

    [Fact]
    public void What_the_teacher_wrote_is_what_the_student_is_aligned_on()
    {
        var (prompts, chats) = (Path.Combine(_folder.Path, "prompts.txt"), Path.Combine(_folder.Path, "chats.jsonl"));
        var recipe = Recipe(
            $"{{ prompts: {prompts}, plain: true, count: 12, max-tokens: 16, keep-unfinished: true, max-repetition: 100% }}",
            $"align: {{ data: [ synthesized, {chats} ], steps: 2, batch: 1, held-out: 0, sequence: 128 }}");
        File.WriteAllText(prompts, "Gets the\nReturns a\nOnce upon a time\n");
        File.WriteAllText(chats, """{"prompt": "a?", "completion": "After a comes b."}""" + "\n");
        var run = Path.Combine(_folder.Path, "aligned");
        var report = Verb.Json($"compress {recipe} --output {run}");
        var stages = report.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()!).ToList();
        Assert.True(stages.IndexOf("synthesize") < stages.IndexOf("align-data")
            && stages.IndexOf("align-data") < stages.IndexOf("align-sft"),
            string.Join(' ', stages));
        var kept = File.ReadLines(Assert.Single(
            Directory.GetFiles(Path.Combine(run, "stages"), "synthesized.jsonl", SearchOption.AllDirectories))).Count();
        var data = Assert.Single(Directory.GetFiles(Path.Combine(run, "stages"), "stage.json", SearchOption.AllDirectories),
            file => file.Contains("align-data", StringComparison.Ordinal));
        Assert.Equal(kept + 1, JsonDocument.Parse(File.ReadAllText(data)).RootElement.GetProperty("body").GetProperty("result")
            .GetProperty("train_conversations").GetInt32());
        // Every model that a step leaves is asked the benchmarks.
        Assert.All(report.GetProperty("rows").EnumerateArray(), row => Assert.Equal(1, row.GetProperty("tasks").GetArrayLength()));
    }

    [Fact]
    public void Aligning_on_what_nobody_writes_is_refused()
    {
        var recipe = Recipe("{ count: 2 }", "align: { data: synthesized, steps: 2 }");
        File.WriteAllText(recipe,
            string.Join('\n', File.ReadLines(recipe).Where(line => !line.StartsWith("synthesize:", StringComparison.Ordinal))));
        Assert.Contains("add a section synthesize to the recipe", Verb.Refused($"plan {recipe} --no-calibration"));
    }

    [Theory]
    [InlineData("{ prompts: nowhere.jsonl }", "nowhere.jsonl: cannot be read")]
    [InlineData("{ language: xx }", "language is 'xx'")]
    [InlineData("{ decontaminate: gsm9k }", "there is no task 'gsm9k'")]
    [InlineData("{ cuont: 3 }", "count")]
    [InlineData("{ system: Be kind. }", "it is for prompts")]
    public void What_it_would_need_hours_later_is_looked_at_before(string section, string expected) =>
        Assert.Contains(expected, Verb.Refused($"plan {Recipe(section)} --no-calibration"));

    private string Recipe(string section, string more = "")
    {
        var recipe = Path.Combine(_folder.Path, "r.yaml");
        File.WriteAllText(recipe, $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 10%, sequence: 32 }
            score: { samples: 4 }
            prune: { hidden: 128, ffn: 256 }
            synthesize: {{section}}
            evaluate: [ { task: {{Path.Combine(Fixtures.Root, "tasks/endings/endings.yaml")}}, limit: 10 } ]
            {{more}}
            """);
        return recipe;
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
