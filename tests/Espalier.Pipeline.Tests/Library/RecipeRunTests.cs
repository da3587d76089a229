using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf.Export;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Library;

/// <summary>A recipe run from a program.</summary>
public sealed class RecipeRunTests : TorchTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("espalier-").FullName;

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public override void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void It_ends_with_a_student_and_the_same_call_again_does_nothing_anew()
    {
        var recipe = Recipe("""
            score: { samples: 4 }
            prune: { ffn: 384, layers: 7 }
            distill: { steps: 2, batch: 2 }
            """);
        var first = RecipeRun.Run(recipe, Path.Combine(_root, "run"));
        Assert.True(first.IsFinished);
        Assert.Equal(["teacher", "pruned", "student"], first.Rows.Select(row => row.Model));
        using (var student = LanguageModel.Load(first.Student))
            Assert.Equal((384, 7), (student.Config.IntermediateSize, student.Config.Layers));

        var again = RecipeRun.Run(recipe, Path.Combine(_root, "run"));
        Assert.All(again.Stages.Where(stage => stage.Stage != "samples"), stage => Assert.True(stage.Reused, stage.Stage));
        Assert.Equal(first.Rows.Select(row => row.Evaluations[0].Nll), again.Rows.Select(row => row.Evaluations[0].Nll));
    }

    [Fact]
    public void What_plan_warns_of_in_a_cut_is_said_before_the_run_begins_and_not_again_where_it_goes_on()
    {
        var recipe = Recipe("score: { samples: 4 }\nprune: { layers: 5 }\ndistill: { steps: 2, batch: 2 }");
        var warned = RecipePlan.Of(RecipeFile.Read(recipe)).Warnings.Where(warning => warning.StartsWith("prune", StringComparison.Ordinal));
        var (heard, stop) = (new List<string>(), new CancellationTokenSource());
        var progress = new Heard(heard, stop);
        Assert.Throws<OperationCanceledException>(() => RecipeRun.Run(recipe, Path.Combine(_root, "run"), progress, stop.Token));
        Assert.Equal(warned.Append("stage 1").ToArray(), heard);
        heard.Clear();
        using var again = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            RecipeRun.Run(recipe, Path.Combine(_root, "run"), new Heard(heard, again), again.Token));
        Assert.Equal(["stage 1"], heard);
        stop.Dispose();
    }

    /// <summary>Keeps warnings and stages, and stops at the first stage.</summary>
    private sealed class Heard(List<string> heard, CancellationTokenSource stop) : IProgressReporter
    {
        public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

        public void Stage(int number, int total, string title)
        {
            heard.Add($"stage {number}");
            stop.Cancel();
        }

        public void Note(string line)
        {
        }

        public void Warn(string line) => heard.Add(line);
    }

    [Theory]
    [InlineData("correct: { steps: 1, batch: 2, freeze: [mlp] }", "correct", "corrected teacher")]
    [InlineData("correct: { mode: parallel }\ndistill: { steps: 1, batch: 2 }", "distill", "corrected teacher")]
    [InlineData("correct: { steps: 1, batch: 2 }", "prune", "pruned student")]
    [InlineData("", "prune", "pruned student")]
    public void A_plan_says_the_bytes_that_are_on_the_disk_then(string sections, string stage, string what)
    {
        var recipe = Recipe($"score: {{ samples: 4 }}\nprune: {{ ffn: 384 }}\n{sections}");
        var planned = RecipePlan.Of(RecipeFile.Read(recipe)).Disk.Single(file => file.What == what);
        RecipeRun.Run(recipe, Path.Combine(_root, "run"));
        var folder = Assert.Single(Directory.GetDirectories(Path.Combine(_root, "run", "stages"), $"{stage}-*"));
        using var written = Checkpoint.Open(Path.Combine(folder, stage == "distill" ? "teacher" : "model"));
        Assert.Equal(written.TotalBytes, planned.Bytes);
    }

    [Fact]
    public void Errors_of_gguf_files_are_weighed_by_the_first_windows_of_the_text()
    {
        string Export(string more)
        {
            var recipe = Recipe($"score: {{ samples: 4 }}\nprune: {{ ffn: 384 }}\nexport: [hf, gguf-q4_0]\n{more}");
            var result = RecipeRun.Run(recipe, Path.Combine(_root, "run"));
            return ContentHash.OfFile(Assert.Single(result.Gguf));
        }
        var (plain, weighed) = (Export(""), Export("imatrix: 5"));
        Assert.NotEqual(plain, weighed);

        string Stage(string name) => Assert.Single(Directory.GetDirectories(Path.Combine(_root, "run", "stages"), $"{name}-*"));
        var (model, file) = (Path.Combine(Stage("prune"), "model"), Path.Combine(_root, "by-hand.gguf"));
        using var text = TokenStore.Open(Path.Combine(Stage("data"), "train"), 4096, "train");
        using var checkpoint = Checkpoint.Open(model);
        using (var decoder = DecoderWeights.Load(checkpoint))
            GgufExporter.Export(model, file, GgufFormat.Q4_0, name: "student",
                importance: InputSquares.Measure(decoder, null, new WindowSet(text, 32), 5, null, default).Costs);
        Assert.Equal(ContentHash.OfFile(file), weighed);
        // The same files again come from what was asked for first.
        Assert.Equal(plain, Export("imatrix: 0"));
    }

    [Theory]
    [InlineData("imatrix: 5", "imatrix is 5; it is for GGUF files, but export lists none")]
    [InlineData("export: [hf, gguf-q4_0]\nimatrix: 100000", "imatrix")]
    [InlineData("export: [hf, gguf-q4_0]\nimatrix: -1", "imatrix")]
    public void Weighing_that_cannot_be_is_refused_before_anything_is_computed(string sections, string words)
    {
        var error = Assert.ThrowsAny<EspalierException>(() =>
            RecipeRun.Run(Recipe($"score: {{ samples: 4 }}\nprune: {{ ffn: 384 }}\n{sections}"), Path.Combine(_root, "run")));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_root, "run", "stages")));
    }

    [Fact]
    public void A_plan_counts_the_tokens_that_weigh_errors()
    {
        var plan = RecipePlan.Of(RecipeFile.Read(Recipe("prune: { ffn: 384 }\nexport: [hf, gguf-q4_0]\nimatrix: 5")));
        var export = plan.Stages.Single(stage => stage.Name == "export");
        Assert.Equal(5 * 32, export.Tokens);
        Assert.Contains("errors weighted by 5 windows", export.Does, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_is_refused_before_anything_is_written()
    {
        var recipe = Recipe("prune: { ffn: 4096 }");
        Assert.Throws<RecipeRefusedException>(() => RecipeRun.Run(recipe, Path.Combine(_root, "run")));
        Assert.False(Directory.Exists(Path.Combine(_root, "run")));
    }

    private string Recipe(string rest)
    {
        var text = Path.Combine(_root, "text.jsonl");
        File.WriteAllLines(text, File.ReadLines(Path.Combine(Teacher, "self-written.jsonl")).Take(40));
        var path = Path.Combine(_root, "small.yaml");
        File.WriteAllText(path,
            $"teacher: {Teacher}\ndata: {{ train: {text}, held-out: 10%, sequence: 32 }}\nevaluate: [held-out]\n{rest}\n");
        return path;
    }
}
