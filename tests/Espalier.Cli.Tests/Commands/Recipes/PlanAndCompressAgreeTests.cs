using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Recipes;

/// <summary>
/// What compress would refuse, plan refuses: recipes are generated with faults, one or several each, and the two must say the same.
/// </summary>
public sealed class PlanAndCompressAgreeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _sections;

    public PlanAndCompressAgreeTests()
    {
        // Short positions, for every model's speed is measured over them.
        Verb.Copy(Verb.Tiny, At("teacher"));
        var config = File.ReadAllText(At("teacher/config.json"));
        File.WriteAllText(At("teacher/config.json"),
            config.Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 32", StringComparison.Ordinal));
        Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        Verb.WriteIds(_folder.Path, "short.i32", Enumerable.Range(0, 16));
        Verb.WriteIds(_folder.Path, "other.i32", [1, 2, 500, .. Enumerable.Range(0, 100)]);
        File.WriteAllText(At("text.txt"), "A few words.\n");
        _sections = new()
        {
            ["teacher"] = At("teacher"),
            ["data"] = $"{{ train: {At("ids.i32")}, held-out: 10%, sequence: 16 }}",
            ["correct"] = "{ steps: 1, batch: 2 }",
            ["score"] = "{ samples: 8 }",
            ["prune"] = "{ hidden: 32, layers: 5 }",
            ["distill"] = "{ steps: 1, batch: 2 }",
            ["evaluate"] = "[ held-out ]",
            ["export"] = "[ hf ]",
        };
    }

    /// <summary>Section, what stands there, and what must be said of it.</summary>
    private static readonly (string Section, string Text, string Says)[] s_faults =
    [
        ("data", "{ train: AT/ids.i32, held-out: 10%, sequence: 64 }", "data.sequence is 64, but the teacher has 32 positions"),
        ("data", "{ train: AT/gone.i32, held-out: 10%, sequence: 16 }", "gone.i32"),
        ("data", "{ train: AT/other.i32, held-out: 10%, sequence: 16 }", "id 500 at position 2 is outside the vocabulary of 128"),
        ("data", "{ train: AT/short.i32, held-out: 10%, sequence: 16 }", "16 ids make 0 windows of 17"),
        ("data", "{ train: AT/text.txt, held-out: 10%, sequence: 16 }", "tokenizer.json"),
        ("correct", "{ steps: 1, batch: 5000 }", "correct: batch is 5000 windows, but the data has"),
        ("correct", "{ steps: 1, batch: 2, freeze: layers 4-9 }", "correct: freeze: layers 4-9, but the model has layers 0 to 5"),
        ("correct", "{ steps: 1, batch: 2, when: auto, reference: AT/short.i32 }", "16 tokens make 0 windows of 16"),
        ("correct", "{ steps: 1, batch: 2, when: auto, reference: AT/gone.txt }", "correct.reference: AT/gone.txt does not exist"),
        ("score", "{ samples: 1000000 }", "score.samples: 1000000 calibration samples of 17 ids were requested"),
        ("score", "{ samples: 8, depth: lm-loss, depth-samples: 5000 }", "score.depth-samples: 5000 calibration samples"),
        ("score", "{ samples: 8, depth: task, task: AT/gone.jsonl }", "score.task: AT/gone.jsonl does not exist"),
        ("prune", "{ hidden: 32, heads: 3 }", "prune.heads is 3"),
        ("prune", "{ hidden: 64, layers: 5 }", "prune.hidden is 64; it must be between 1 and the teacher's 48"),
        ("prune", "{ plan: AT/gone.json }", "gone.json: not found"),
        ("prune", "{ heads: 2, merge-heads: true, layers: 5 }", "prune.merge-heads: each KV group keeps 1 of 4 heads"),
        ("prune", "{ heads: 4, merge-experts: true }", "prune.merge-experts: a llama model has no experts: leave it out"),
        ("distill", "{ steps: 1, batch: 2, router-balance: 0.01 }", "distill: router-balance is for models with experts"),
        ("distill", "{ steps: 1, batch: 5000 }", "distill: batch is 5000 windows"),
        ("distill", "{ steps: 1, batch: 2, freeze: layer 7 }", "distill: freeze: layer 7, but the model has layers 0 to 4"),
        ("distill", "{ steps: 1, batch: 2, hidden: { layers: [9:1] } }", "distill: layer pair 9:1: the teacher has layers 0 to 5"),
        ("distill", "{ steps: 1, batch: 2, cache: { k: 200 } }", "distill: cache: k is 200, but the vocabulary has 128 entries"),
        ("evaluate", "[ held-out, { mine: AT/gone.txt } ]", "evaluate: mine: AT/gone.txt does not exist"),
        ("evaluate", "[ held-out, { mine: AT/short.i32 } ]", "16 tokens are fewer than one window of 17"),
        ("evaluate", "[ held-out, teacher-domain ]", "self-written.jsonl does not exist"),
    ];

    public static TheoryData<int> Faults => [.. Enumerable.Range(0, s_faults.Length)];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory]
    [MemberData(nameof(Faults))]
    public void One_fault_is_refused_by_both_before_anything_is_done(int fault) => AssertRefused(s_faults[fault]);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Several_faults_are_all_named_at_once(int seed)
    {
        // Those of the data hide what depends on its length, so they are alone above.
        var random = new Random(seed);
        var faults = s_faults.Where(fault => fault.Section != "data" || fault.Text.Contains("sequence: 64", StringComparison.Ordinal))
            .OrderBy(_ => random.Next()).DistinctBy(fault => fault.Section).Where(fault => fault.Section != "prune" || random.Next(2) == 0)
            .Take(random.Next(2, 5)).ToArray();
        // What depends on shapes is not known where those cannot be.
        if (faults.Any(fault => fault.Section == "prune"))
            faults = [
                .. faults.Where(fault => fault.Section is not ("distill" or "score")
                    || fault.Text.Contains("5000", StringComparison.Ordinal) && !fault.Text.Contains("depth", StringComparison.Ordinal))];
        if (faults.Any(fault => fault.Text.Contains("sequence: 64", StringComparison.Ordinal)))
            faults = [
                .. faults.Where(fault => !fault.Text.Contains("short", StringComparison.Ordinal)
                    && !fault.Text.Contains("samples", StringComparison.Ordinal))];
        AssertRefused(faults);
    }

    public static TheoryData<string, string> Sound => new()
    {
        { "score", "{ samples: 8 }" },
        // 4000 ids are 235 windows of 17, of which a tenth is held out.
        { "score", "{ samples: 212 }" },
        { "correct", "{ steps: 1, batch: 212 }" },
        { "correct", "{ steps: 1, batch: 2, freeze: layers 0-5 }" },
        { "distill", "{ steps: 1, batch: 2, hidden: { layers: [5:4] } }" },
        { "distill", "{ steps: 1, batch: 2, cache: { k: 127 } }" },
        { "prune", "{ heads: 4, merge-heads: true }" },
        { "evaluate", "[ held-out, { mine: AT/seventeen.i32 } ]" },
        { "data", "{ train: AT/ids.i32, held-out: 10%, sequence: 32 }" },
    };

    [Theory]
    [MemberData(nameof(Sound))]
    public void What_just_fits_is_planned_and_run(string section, string text)
    {
        Verb.WriteIds(_folder.Path, "seventeen.i32", Enumerable.Range(0, 17));
        _sections[section] = text.Replace("AT", _folder.Path, StringComparison.Ordinal);
        var (planned, ran) = Both();
        Assert.True(planned.Code == 0, planned.Error);
        Assert.True(ran.Code == 0, ran.Error);
    }

    [Theory]
    [InlineData("evaluate", "[ held-out, { mine: AT/text.txt } ]", "mine (AT/text.txt): ")]
    [InlineData("data", "{ train: AT/text.txt, held-out: 10%, sequence: 16 }", "held-out 10")]
    [InlineData("score", "{ samples: 60 }", "score.samples: 60 calibration samples of 17 ids were requested, but the text has ")]
    [InlineData("distill", "{ steps: 1, batch: 60 }", "distill: batch is 60 windows, but the data has ")]
    [InlineData("data", "{ train: [AT/many.jsonl, AT/gone.md], held-out: 10%, sequence: 16 }", "gone.md': no such file or folder")]
    public void Short_text_is_counted_before_it_is_encoded_for_good(string section, string text, string says)
    {
        _sections["teacher"] = Verb.Teacher;
        _sections["prune"] = "{ hidden: 64 }";
        File.WriteAllLines(At("many.jsonl"),
            Enumerable.Range(0, 40).Select(i => $$"""{"text":"The {{i}}th of forty short documents, for the test."}"""));
        _sections["data"] = $"{{ train: {At("many.jsonl")}, held-out: 10%, sequence: 16 }}";
        AssertRefused((section, text, says));
    }

    [Fact]
    public void A_run_folder_that_lies_in_the_teacher_is_refused_by_both()
    {
        _sections["output"] = At("teacher/run");
        var recipe = Recipe();
        var (planned, ran) = (TestCommand.Launch($"plan {recipe} --no-calibration"), TestCommand.Launch($"compress {recipe} --threads 1"));
        Assert.Equal(2, planned.Code);
        Assert.Equal(planned, ran);
        Assert.Contains("is inside the teacher's folder", planned.Error);
        Assert.False(Path.Exists(At("teacher/run")));
    }

    [Fact]
    public void A_run_folder_with_files_of_the_user_is_refused_by_both()
    {
        _sections["output"] = At("mine");
        Directory.CreateDirectory(At("mine/student"));
        File.WriteAllText(At("mine/student/thesis.txt"), "years of work");
        var recipe = Recipe();
        var (planned, ran) = (TestCommand.Launch($"plan {recipe} --no-calibration"), TestCommand.Launch($"compress {recipe} --threads 1"));
        Assert.Equal(2, planned.Code);
        Assert.Equal(planned, ran);
        Assert.Equal("years of work", File.ReadAllText(At("mine/student/thesis.txt")));
    }

    [Fact]
    public void A_folder_to_plan_with_is_planned_and_says_what_was_not_checked()
    {
        Directory.Delete(At("teacher"), recursive: true);
        Directory.CreateDirectory(At("teacher"));
        File.Copy(Path.Combine(Verb.Tiny, "config.json"), At("teacher/config.json"));
        _sections["data"] = $"{{ train: {At("corpus/**/*.jsonl")}, sequence: 16 }}";
        _sections["evaluate"] = $"[ held-out, {{ mine: {At("gone.txt")} }} ]";
        var warnings = Verb.Json($"plan {Recipe()} --no-calibration").GetProperty("warnings").EnumerateArray()
            .Select(warning => warning.GetString()!).ToArray();
        foreach (var part in (string[])["has no weights", "has no tokenizer.json", "corpus/**/*.jsonl does not exist",
            "gone.txt does not exist"])
            Assert.Contains(warnings, warning => warning.Contains(part, StringComparison.Ordinal));

        // What is there is checked all the same.
        _sections["data"] = $"{{ train: {At("corpus/**/*.jsonl")}, sequence: 512 }}";
        Assert.Contains("data.sequence is 512, but the teacher has 256 positions",
            TestCommand.Launch($"plan {Recipe()} --no-calibration").Error);
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Recipe()
    {
        File.WriteAllLines(At("recipe.yaml"), _sections.Select(section => $"{section.Key}: {section.Value}"));
        return At("recipe.yaml");
    }

    private ((int Code, string Output, string Error) Planned, (int Code, string Output, string Error) Ran) Both()
    {
        var recipe = Recipe();
        return (TestCommand.Launch($"plan {recipe} --no-calibration"),
            TestCommand.Launch($"compress {recipe} --output {At("run")} --threads 1"));
    }

    private void AssertRefused(params (string Section, string Text, string Says)[] faults)
    {
        foreach (var (section, text, _) in faults)
            _sections[section] = text.Replace("AT", _folder.Path, StringComparison.Ordinal);
        // The layers that a depth metric chooses.
        if (faults.Any(fault => fault.Text.Contains("depth", StringComparison.Ordinal)) && faults.All(fault => fault.Section != "prune"))
            _sections["prune"] = "{ layers: 5 }";
        var (planned, ran) = Both();
        Assert.Equal((2, ""), (planned.Code, planned.Output));
        Assert.Equal(planned, ran);
        Assert.All(planned.Error.TrimEnd('\n').Split('\n'), line => Assert.StartsWith("espalier: error: ", line));
        Assert.All(faults, fault => Assert.Contains(fault.Says.Replace("AT", _folder.Path, StringComparison.Ordinal), planned.Error));
        Assert.False(Path.Exists(At("run")));
    }
}
