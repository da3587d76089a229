using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Training.Speeds;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

public sealed class RecipeFileTests
{
    internal const string Short = "teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192 }\n";

    internal const string Full = """
        teacher: models/t
        output: runs/x
        seed: 7
        data:
          train: [a.txt, "b/**/*.md"]
          held-out: 2.5%
          sequence: 128
          documents: separate
        correct: { steps: 12, learning-rate: 3e-4, warm-up: 3, weight-decay: 0, betas: [0.8, 0.999], clip: none, evaluate-every: 4, checkpoint-every: 6 }
        score: { samples: 1k, batch: mean, sequence: variance }
        prune: { hidden: 192, ffn: 512, heads: 4, layers: 6, method: random, depth: scattered }
        distill: { loss: forward-kl, temperature: 2, tokens: 1M, batch: 6, micro-batch: 3, learning-rate: 1e-3 to 1e-5, warm-up: 20 }
        evaluate: [held-out, teacher-domain, { wiki: wiki.txt, code: code.i32 }]
        export: [hf, gguf-f32, gguf-f16, gguf-bf16, gguf-q8_0]
        """;

    private static Recipe Parse(string text) => RecipeFile.Parse(text, "r.yaml");

    [Fact]
    public void Everything_but_teacher_data_and_prune_has_a_default()
    {
        var recipe = Parse(Short);
        Assert.Equal(("t", 1, 0.02, 256), (recipe.Teacher, recipe.Seed, recipe.Data.HeldOut, recipe.Data.Sequence));
        Assert.Equal(["a.txt"], recipe.Data.Train);
        Assert.Null(recipe.Correct);
        Assert.Null(recipe.Distill);
        Assert.Null(recipe.Output);
        Assert.Equal(new ScoreSection(), recipe.Score);
        Assert.Equal(new PruneSection { Target = new() { Hidden = 192 } }, recipe.Prune);
        Assert.Equal([new EvaluationSet("held-out", null)], recipe.Evaluate);
        Assert.Equal([ExportKind.Hf], recipe.Export);
    }

    [Fact]
    public void A_field_is_part_of_the_meaning_and_its_absence_of_the_text_that_was_before_it()
    {
        var with = Parse(Short.Replace("a.txt", "a.jsonl, field: body"));
        Assert.Equal("body", with.Data.Field);
        Assert.Equal("body", Parse(RecipeFile.Canonical(with)).Data.Field);
        Assert.DoesNotContain("field", RecipeFile.Canonical(Parse(Short)), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_key_reaches_its_field()
    {
        var recipe = Parse(Full);
        Assert.Equal(("models/t", "runs/x", 7, 0.025, 128),
            (recipe.Teacher, recipe.Output, recipe.Seed, recipe.Data.HeldOut, recipe.Data.Sequence));
        Assert.Equal(["a.txt", "b/**/*.md"], recipe.Data.Train);
        Assert.Equal(Espalier.Compression.Data.Tokens.DocumentContext.Separate, recipe.Data.Documents);
        Assert.Equal(new TrainingSection
        {
            Loss = "cross-entropy",
            Steps = 12,
            LearningRate = 3e-4,
            MinLearningRate = 3e-5,
            WarmUp = 3,
            WeightDecay = 0,
            Beta1 = 0.8,
            Beta2 = 0.999,
            Clip = null,
            EvaluateEvery = 4,
            CheckpointEvery = 6,
        }, recipe.Correct);
        Assert.Equal(new ScoreSection { Samples = 1000, Batch = Aggregation.Mean, Sequence = Aggregation.Variance }, recipe.Score);
        Assert.Equal(
            new PruneSection
            {
                Target = new() { Hidden = 192, Ffn = 512, Heads = 4, Layers = 6 },
                Method = PruneMethod.Random,
                Depth = DepthChoice.Scattered
            }, recipe.Prune);
        // 1,000,000 / (6 · 128) is 1302.08.
        Assert.Equal(
            new TrainingSection
            {
                Temperature = 2,
                Steps = 1303,
                Batch = 6,
                MicroBatch = 3,
                LearningRate = 1e-3,
                MinLearningRate = 1e-5,
                WarmUp = 20
            }, recipe.Distill);
        Assert.Equal([new("held-out", null), new("teacher-domain", null), new("wiki", "wiki.txt"), new EvaluationSet("code", "code.i32")],
            recipe.Evaluate);
        Assert.Equal([ExportKind.Hf, ExportKind.GgufF32, ExportKind.GgufF16, ExportKind.GgufBf16, ExportKind.GgufQ8], recipe.Export);
    }

    [Theory]
    [InlineData("{ method: taylor, samples: 64 }", ScoreMethod.Taylor, 64, NeuronValues.Intermediate)]
    [InlineData("{ method: magnitude }", ScoreMethod.Magnitude, 256, NeuronValues.Intermediate)]
    [InlineData("{ method: random }", ScoreMethod.Random, 256, NeuronValues.Intermediate)]
    [InlineData("{ method: redundancy, batch: mean, neurons: pre-activation }", ScoreMethod.Redundancy, 256, NeuronValues.PreActivation)]
    [InlineData("{ neurons: pre-activation }", ScoreMethod.Activation, 256, NeuronValues.PreActivation)]
    public void What_scores_are_read_from_reaches_its_fields_and_survives_the_canonical_form(string score, ScoreMethod method, int samples,
        NeuronValues neurons)
    {
        var recipe = Parse(Short + $"score: {score}");
        Assert.Equal(new ScoreSection { Method = method, Samples = samples, Neurons = neurons, Batch = recipe.Score.Batch }, recipe.Score);
        Assert.Equal(recipe.Score, Parse(RecipeFile.Canonical(recipe)).Score);
        Assert.NotEqual(RecipeFile.Canonical(Parse(Short)), RecipeFile.Canonical(recipe));
    }

    [Fact]
    public void A_file_with_only_defaults_gives_the_records_defaults() =>
        Assert.Equal(new TrainingSection { Steps = 100 }, Parse(Short + "distill: { steps: 100 }").Distill);

    [Theory]
    [InlineData("batch: 32", null, 2)]
    [InlineData("batch: 32, micro-batch: auto", null, 2)]
    [InlineData("batch: 32, compute: bfloat16", null, 8)]
    [InlineData("batch: 2", null, 0)]
    [InlineData("batch: 32, micro-batch: 4", 4, 4)]
    [InlineData("batch: 32, micro-batch: 0", 0, 0)]
    [InlineData("batch: 32, hidden: { final: true }", null, 0)]
    [InlineData("batch: 32, hidden: { final: true, weight: 1 }", null, 2)]
    [InlineData("batch: 32, micro-batch: 4, hidden: { final: true }", 4, 4)]
    public void Passes_are_chosen_by_their_positions_unless_the_recipe_says_otherwise(string keys, int? given, int windows)
    {
        var recipe = Parse(Short + $"distill: {{ steps: 5, {keys} }}");
        Assert.Equal(given, recipe.Distill!.MicroBatch);
        Assert.Equal(windows, recipe.Distill.WindowsOfAPass(recipe.Data.Sequence));
        Assert.Equal(given, Parse(RecipeFile.Canonical(recipe)).Distill!.MicroBatch);
    }

    [Fact]
    public void A_correction_that_names_no_rate_has_a_low_one_and_its_decimal_tenth()
    {
        var correct = Parse(Short + "correct: { steps: 100 }").Correct!;
        Assert.Equal((2e-4, 2e-5, 10), (correct.LearningRate, correct.MinLearningRate, correct.WarmUp));
        Assert.Equal(2e-4, Parse(Short + "correct: { mode: parallel }\ndistill: { steps: 20 }").Correct!.LearningRate);
    }

    [Theory]
    [InlineData(3e-4, 3e-5)]
    [InlineData(7e-5, 7e-6)]
    [InlineData(6e-4, 6e-5)]
    public void The_end_of_a_schedule_is_a_tenth_in_decimal(double peak, double end) => Assert.Equal(end, TrainingSection.EndOf(peak));

    [Fact]
    public void Hidden_states_and_a_cache_reach_their_fields()
    {
        var hidden =
            Parse(Short
                + "distill: { steps: 3, hidden: { layers: [3:1, 5:2], attention: 1:1, embedding: true, weight: dynamic } "
                + "}").Distill!.Hidden!;
        Assert.Equal([new(3, 1), new LayerPair(5, 2)], hidden.Layers);
        Assert.Equal([new LayerPair(1, 1)], hidden.Attention);
        Assert.Equal((true, false, HiddenDistance.Mse, null), (hidden.Embedding, hidden.Final, hidden.Distance, hidden.Weight));
        var cache = Parse(Short + "distill: { steps: 3, cache: { encoding: top-k-samples, k: 16, samples: 8 } }").Distill!.Cache;
        Assert.Equal(new CacheSection { Encoding = CacheEncoding.TopKSamples, K = 16, Samples = 8 }, cache);
    }

    [Fact]
    public void A_teacher_that_is_corrected_meanwhile_goes_along_with_the_distillation()
    {
        var recipe =
            Parse(Short
                + "correct: { mode: parallel, learning-rate: 2e-4 }\ndistill: { steps: 20, batch: 2, learning-rate: 1e-3 to 1e-4, warm-up: "
                + "3 }");
        Assert.Equal(new CorrectionSection { Mode = CorrectMode.Parallel }, recipe.Correction);
        Assert.Equal(
            recipe.Distill! with { Loss = "cross-entropy", LearningRate = 2e-4, MinLearningRate = recipe.Correct!.MinLearningRate },
            recipe.Correct);
        Assert.Equal(2e-5, recipe.Correct.MinLearningRate, 1e-12);
    }

    [Theory]
    [InlineData("bf16", ComputeChoice.Bfloat16)]
    [InlineData("bfloat16", ComputeChoice.Bfloat16)]
    [InlineData("f32", ComputeChoice.Float32)]
    [InlineData("auto", ComputeChoice.Auto)]
    internal void Compute_has_the_names_of_the_option(string name, ComputeChoice choice) =>
        Assert.Equal(choice, Parse(Short + $"distill: {{ steps: 3, compute: {name} }}").Distill!.Compute);

    [Fact]
    public void Relative_paths_that_are_not_here_are_looked_for_above_the_recipes_folder()
    {
        var root = Directory.CreateTempSubdirectory("espalier-recipe-");
        try
        {
            Directory.CreateDirectory(Path.Combine(root.FullName, "recipes"));
            Directory.CreateDirectory(Path.Combine(root.FullName, "models", "t"));
            var path = Path.Combine(root.FullName, "recipes", "r.yaml");
            File.WriteAllText(path,
                "teacher: models/t\ndata: { train: [dotnet-docs, 'models/*.md', gone.txt, /tmp] }\nprune: { layers: 2 }\noutput: models/t");
            var recipe = RecipeFile.Read(path);
            Assert.Equal(Path.Combine(root.FullName, "models/t"), recipe.Teacher);
            Assert.Equal(["dotnet-docs", Path.Combine(root.FullName, "models/*.md"), "gone.txt", "/tmp"], recipe.Data.Train);
            Assert.Equal("models/t", recipe.Output);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }
}
