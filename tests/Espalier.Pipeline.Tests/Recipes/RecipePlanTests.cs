using Espalier.Compression.Pruning;
using Espalier.Compression.Training.Optimizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Tests;

namespace Espalier.Tests.Recipes;

public sealed class RecipePlanTests
{
    internal static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    internal static RecipePlan Plan(string prune, string rest = "", double? gflops = null) =>
        RecipePlan.Of(RecipeFile.Parse($"teacher: {Teacher}\ndata: {{ train: dotnet-docs }}\nprune: {prune}\n{rest}", "r.yaml"), gflops);

    internal static RecipePlan PlanOf(string name) => RecipePlan.Of(RecipeFile.Read(Path.Combine(Fixtures.Root, "recipes", name)));

    // Untied gated models: 2Vh + L(2h·N·H + 2h·K·H + 3h·f + 2h) + h.
    private static long Gated(long v, long h, long f, long l) =>
        2 * v * h + l * (2 * h * 32 * 128 + 2 * h * 8 * 128 + 3 * h * f + 2 * h) + h;

    // Nemotron-4: 2Vh + L(2h·N·H + 2h·K·H + 2h·f + 4h) + 2h; norms have a bias.
    private static long Nemotron(long h, long f, long n) =>
        2 * 256000 * h + 32 * (2 * h * n * 128 + 2 * h * 8 * 128 + 2 * h * f + 4 * h) + 2 * h;

    [Theory]
    [InlineData("llama-3.1-8b-width-4b.yaml", 8_030_261_248, 4_512_746_496)]
    [InlineData("llama-3.1-8b-depth-4b.yaml", 8_030_261_248, 4_540_469_248)]
    [InlineData("mistral-nemo-12b-width-8b.yaml", 12_247_782_400, 8_414_105_600)]
    [InlineData("nemotron-4-15b-width-8b.yaml", 15_628_775_424, 8_271_699_968)]
    [InlineData("nemotron-4-8b-width-4b.yaml", 8_271_699_968, 4_190_509_056)]
    [InlineData("qwen3-8b-depth-6b.yaml", 8_190_735_360, 5_875_378_176)]
    [InlineData("nemotron-nano-9b-v2-7b.yaml", 8_888_227_328, 6_997_637_824)]
    public void Planned_parameters_are_the_published_ones(string recipe, long teacher, long student)
    {
        var plan = PlanOf(recipe);
        Assert.Equal(teacher, plan.Teacher.Parameters);
        Assert.Equal(student, plan.Student.Parameters);
        Assert.False(plan.TeacherHasWeights);
    }

    /// <summary>Which layers of a hybrid go is known once they are ranked, unless the recipe says how many of each kind stay.</summary>
    [Fact]
    public void A_hybrid_whose_layers_rank_together_has_a_range_of_sizes()
    {
        var hybrid = Path.Combine(Fixtures.Root, "recipes", "configs", "nemotron-nano-9b-v2");
        RecipePlan Of(string prune) => RecipePlan.Of(RecipeFile.Parse($"""
            teacher: {hybrid}
            data: {'{'} train: dotnet-docs {'}'}
            prune: {'{'} hidden: 4352, ffn: 13824, mamba-heads: 120, {prune} {'}'}
            """, "r.yaml"));
        const long D = 4352, F = 13824, I = 120 * 80, States = 2 * 8 * 128, Ends = 2 * 131072 * D + D;
        const long Mamba = D + (2 * I + States + 120) * D + (I + States) * 5 + 3 * 120 + I + D * I;
        const long Attention = D + (40 + 2 * 8) * 128 * D + D * 40 * 128, Mlp = D + 2 * D * F;
        // Of 27, 4 and 25 layers the largest eight go, or the smallest.
        Assert.Equal(new ParameterRange(Ends + 19 * Mamba + 4 * Attention + 25 * Mlp, Ends + 27 * Mamba + 21 * Mlp),
            Of("layers: 48, depth: scattered").StudentRange);
        Assert.Null(Of("layers: 56").StudentRange);
        var said = Of("layers: 48, depth: scattered, layer-kinds: 24 mamba + 4 attention + 20 feed-forward");
        Assert.Null(said.StudentRange);
        Assert.Equal(Ends + 24 * Mamba + 4 * Attention + 20 * Mlp, said.Student.Parameters);
        // A span takes neighbours: fewer sizes are possible.
        var span = Of("layers: 48").StudentRange!;
        Assert.InRange(span.Least, Ends + 19 * Mamba + 4 * Attention + 25 * Mlp + 1, span.Most - 1);
        Assert.InRange(span.Most, span.Least + 1, Ends + 27 * Mamba + 21 * Mlp - 1);
    }

    [Theory]
    [InlineData("layers: 48, layer-kinds: 24 mamba + 4 attention + 20 feed-forward",
        "it chooses single layers of each kind, but prune.depth is contiguous; use depth: scattered")]
    [InlineData("layers: 48, depth: scattered, layer-kinds: 24 mamba + 24 attention",
        "prune.layer-kinds is 24 mamba + 24 attention, but the teacher has 4 attention layers")]
    [InlineData("layers: 47, depth: scattered, layer-kinds: 24 mamba + 4 attention + 20 feed-forward",
        "a total of 48 layers, but prune.layers is 47: make them agree")]
    [InlineData("layers: 48, depth: scattered, layer-kinds: 48 mambas",
        "'48 mambas' is not a count of layers of each kind: write it as in 25 mamba + 4 attention + 19 feed-forward, each once")]
    public void Counts_of_kinds_that_cannot_be_are_refused(string prune, string expected)
    {
        var hybrid = Path.Combine(Fixtures.Root, "recipes", "configs", "nemotron-nano-9b-v2");
        var text = $"teacher: {hybrid}\ndata: {{ train: dotnet-docs }}\nprune: {{ {prune} }}\n";
        Assert.Contains(expected, Assert.ThrowsAny<EspalierException>(() => RecipePlan.Of(RecipeFile.Parse(text, "r.yaml"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_published_numbers_are_the_closed_forms()
    {
        Assert.Equal(8_030_261_248, Gated(128256, 4096, 14336, 32));
        Assert.Equal(4_512_746_496, Gated(128256, 3072, 9216, 32));
        Assert.Equal(4_540_469_248, Gated(128256, 4096, 14336, 16));
        Assert.Equal(12_247_782_400, Gated(131072, 5120, 14336, 40));
        Assert.Equal(8_414_105_600, Gated(131072, 4096, 11520, 40));
        // Qwen3 norms its heads: 2 · 128 a layer more.
        Assert.Equal(8_190_735_360, Gated(151936, 4096, 12288, 36) + 36 * 256);
        Assert.Equal(5_875_378_176, Gated(151936, 4096, 12288, 24) + 24 * 256);
        Assert.Equal(15_628_775_424, Nemotron(6144, 24576, 48));
        Assert.Equal(8_271_699_968, Nemotron(4096, 16384, 48));
        Assert.Equal(4_190_509_056, Nemotron(3072, 9216, 24));
    }

    [Fact]
    public void Muon_keeps_one_number_for_each_of_a_blocks_matrices()
    {
        var with = Plan("{ hidden: 192, ffn: 512 }", "distill: { steps: 4, loss: cross-entropy, optimizer: muon }");
        var without = Plan("{ hidden: 192, ffn: 512 }", "distill: { steps: 4, loss: cross-entropy }");
        var (student, layers) = (with.Student, with.Student.Sizes[Axis.Layers]);
        // All but the norms of blocks and the last one; half of AdamW's state for it.
        var matrices = student.NonEmbeddingParameters - (2 * layers!.Value + 1) * student.Sizes[Axis.Hidden]!.Value;
        Assert.Equal(16 * student.Parameters, without.Stages.Single(stage => stage.Name == "distill").MemoryBytes);
        Assert.Equal(16 * student.Parameters - 4 * matrices, with.Stages.Single(stage => stage.Name == "distill").MemoryBytes);
        Assert.Equal(3 * 4 * matrices, without.Stages.Single(stage => stage.Name == "distill").DiskBytes
            - with.Stages.Single(stage => stage.Name == "distill").DiskBytes);
    }

    [Fact]
    public void Stages_come_in_order_with_their_costs()
    {
        var plan =
            Plan("{ hidden: 192, ffn: 512 }",
                "correct: { steps: 10 }\ndistill: { tokens: 4096 }\nevaluate: [held-out, teacher-domain]\nexport: [hf, gguf-q8_0]");
        Assert.Equal(["data", "correct", "score", "prune", "distill", "evaluate", "export"], plan.Stages.Select(stage => stage.Name));
        var (teacher, student) = (plan.Teacher.ForwardFlopsPerToken, plan.Student.ForwardFlopsPerToken);
        Assert.Equal((10, 10 * 8 * 256, 3 * teacher * 20480), (plan.Stages[1].Steps, plan.Stages[1].Tokens, plan.Stages[1].Flops));
        Assert.Equal((256 * 256, teacher * 65536), (plan.Stages[2].Tokens, plan.Stages[2].Flops));
        Assert.Equal((2, 4096, (3 * student + teacher) * 4096), (plan.Stages[4].Steps, plan.Stages[4].Tokens, plan.Stages[4].Flops));
        Assert.Equal(20480 + 65536 + 4096, plan.Tokens);
        Assert.Equal(plan.Stages.Sum(stage => stage.Flops ?? 0), plan.Flops);
        Assert.Equal(16 * plan.Teacher.Parameters, plan.Stages[1].MemoryBytes);
        Assert.Equal(16 * plan.Student.Parameters + 4 * plan.Teacher.Parameters, plan.Stages[4].MemoryBytes);
        Assert.True(plan.TeacherHasWeights);
    }

    [Fact]
    public void Scores_by_taylor_cost_a_backward_pass_and_those_by_magnitude_no_token()
    {
        StageForecast Score(string section) => Plan("{ hidden: 192 }", $"score: {section}").Stages.Single(stage => stage.Name == "score");
        var (activation, taylor, magnitude) =
            (Score("{ samples: 8 }"), Score("{ samples: 8, method: taylor }"), Score("{ method: magnitude }"));
        Assert.Equal((activation.Tokens, 3 * activation.Flops, 2 * activation.MemoryBytes),
            (taylor.Tokens, taylor.Flops, taylor.MemoryBytes));
        Assert.Equal((null, null, null), (magnitude.Tokens, magnitude.Flops, magnitude.MemoryBytes));
    }

    [Fact]
    public void Controls_need_no_scores_and_cross_entropy_no_teacher()
    {
        var plan = Plan("{ hidden: 192, method: random-init }", "distill: { steps: 2, loss: cross-entropy }");
        Assert.Equal(["data", "prune", "distill", "evaluate", "export"], plan.Stages.Select(stage => stage.Name));
        Assert.Equal(3 * plan.Student.ForwardFlopsPerToken * 4096, plan.Flops);
    }

    [Fact]
    public void A_correction_that_is_tested_for_has_its_test_planned()
    {
        var plan = Plan("{ ffn: 512 }", "correct: auto\ndistill: { steps: 20 }");
        Assert.Equal(["data", "need", "correct", "score", "prune", "distill", "evaluate", "export"],
            plan.Stages.Select(stage => stage.Name));
        // 128 windows of 256 tokens of each of the two texts.
        Assert.Equal((2 * 128 * 256, 2 * 128 * 256 * plan.Teacher.ForwardFlopsPerToken), (plan.Stages[1].Tokens, plan.Stages[1].Flops));
        Assert.Contains("more than 0.1 nats per token above that on what the teacher wrote itself", plan.Stages[1].Does);
        Assert.StartsWith("if needed, the teacher learns the text: 20 steps", plan.Stages[2].Does);
        var refused =
            Assert.Throws<RecipeRefusedException>(() => Plan("{ ffn: 512 }", "correct: { steps: 2, when: auto, reference: gone.txt }"));
        Assert.Equal("correct.reference: gone.txt does not exist; give an existing file, folder or pattern",
            Assert.Single(refused.Problems));
    }

    [Fact]
    public void A_correction_in_parallel_is_part_of_the_distillation()
    {
        var (plan, before) =
            (Plan("{ ffn: 512 }", "correct: { mode: parallel, learning-rate: 2e-4 }\ndistill: { steps: 2 }"),
                Plan("{ ffn: 512 }", "distill: { steps: 2 }"));
        Assert.Equal(["data", "score", "prune", "distill", "evaluate", "export"], plan.Stages.Select(stage => stage.Name));
        Assert.EndsWith("the teacher learns the text at the same time, learning rate 2e-4", plan.Stages[3].Does);
        Assert.Equal(3 * (plan.Student.ForwardFlopsPerToken + plan.Teacher.ForwardFlopsPerToken) * 4096, plan.Stages[3].Flops);
        Assert.Equal(16 * (plan.Student.Parameters + plan.Teacher.Parameters), plan.Stages[3].MemoryBytes);
        long Checkpoints(RecipePlan of) => of.Disk.Single(file => file.What == "checkpoints of distill").Bytes;
        Assert.Equal(3 * 12 * plan.Teacher.Parameters, Checkpoints(plan) - Checkpoints(before));
        Assert.Contains(plan.Disk, file => file.What == "corrected teacher");
    }

    [Fact]
    public void Each_stage_tells_its_model_and_what_it_writes()
    {
        var plan = Plan("{ hidden: 192 }", "distill: { steps: 2 }\nexport: [hf, gguf-q8_0]");
        StageForecast Stage(string name) => plan.Stages.Single(stage => stage.Name == name);
        Assert.Null(Stage("data").Model);
        Assert.Equal(plan.Teacher, Stage("score").Model);
        Assert.Equal(plan.Student, Stage("distill").Model);
        Assert.Null(Stage("score").DiskBytes);
        Assert.Equal(plan.DiskBytes, plan.Stages.Sum(stage => stage.DiskBytes ?? 0));
        Assert.Equal(plan.Disk.Where(file => file.Stage == "export").Sum(file => file.Bytes), Stage("export").DiskBytes);
        Assert.Equal(plan.Student.KvCacheBytesPerTokenBfloat16 * plan.Student.KvCacheContext * plan.Student.KvCacheBatch,
            plan.Student.KvCacheBytesBfloat16);
    }

    [Fact]
    public void Neighbours_are_the_legal_sizes_around_each_axis_with_their_parameters()
    {
        // The teacher has hidden 256, ffn 768, 8 heads in 4 groups, 8 layers.
        var plan = Plan("{ hidden: 192, ffn: 512, layers: 8 }");
        Assert.Equal(
            [("hidden", 128, 128), ("hidden", 256, 128), ("ffn", 384, 128), ("ffn", 448, 64), ("ffn", 576, 64), ("ffn", 640, 128),
                ("heads", 4, null), ("kv-heads", 3, null), ("layers", 7, null)],
            plan.Neighbours.Select(near => (near.Axis, near.Size, near.Multiple)));
        foreach (var near in plan.Neighbours.Where(near => near.Axis is "hidden" or "ffn"))
        {
            var other =
                Plan(near.Axis == "hidden" ? $"{{ hidden: {near.Size}, ffn: 512 }}" : $"{{ hidden: 192, ffn: {near.Size} }}").Student;
            Assert.Equal((other.Parameters, other.NonEmbeddingParameters), (near.Parameters, near.NonEmbeddingParameters));
        }
        Assert.Equal(Plan("{ hidden: 192, ffn: 512, layers: 7 }").Student.Parameters, plan.Neighbours[^1].Parameters);
        Assert.Equal(Plan("{ hidden: 192, ffn: 512, kv-heads: 3 }").Student.Parameters, plan.Neighbours[^2].Parameters);
        // Each of the four groups has two heads.
        Assert.Equal(new GroupedUnits("heads", 6), Assert.Single(plan.Neighbours, near => near.Beside is not null).Beside);
    }

    [Theory]
    [InlineData("{ method: magnitude, sparsity: 2:4 }", "2:4 of the weights of all blocks", 0)]
    [InlineData("{ method: wanda }", "by Wanda over 16 samples", 8)]
    public void A_mask_leaves_the_shape_and_scores_nothing(string prune, string does, int passes)
    {
        var plan = Plan(prune, "score: { samples: 16 }\nevaluate: [held-out, teacher-domain]");
        Assert.Equal(["data", "prune", "evaluate", "export"], plan.Stages.Select(stage => stage.Name));
        Assert.Equal((plan.Teacher, 1.0), (plan.Student, plan.NonEmbeddingKept));
        Assert.Empty(plan.Warnings);
        Assert.Contains(does, plan.Stages[1].Does);
        // Wanda measures each of the eight blocks after the masked ones.
        Assert.Equal(passes == 0 ? (long?)null : passes * 16L * 256, plan.Stages[1].Tokens);
        Assert.Equal(passes == 0 ? (double?)null : passes * 16 * 256 * plan.Teacher.ForwardFlopsPerToken, plan.Stages[1].Flops);
        Assert.Equal(4 * plan.Teacher.Parameters, plan.Stages[1].MemoryBytes);
    }

    [Fact]
    public void The_planned_GGUF_size_is_the_sum_over_its_tensors()
    {
        // A tied model of 8 layers, hidden 256: 17 norms of 256 stay float32, everything else takes 34 bytes for 32 weights.
        var plan = Plan("{ ffn: 512 }", "export: gguf-q8_0");
        const long vectors = 17 * 256;
        Assert.Equal((plan.Student.Parameters - vectors) / 32 * 34 + 4 * vectors,
            plan.Disk.Single(file => file.What == "student, gguf-q8_0").Bytes);
        Assert.Equal(plan.Disk.Sum(file => file.Bytes), plan.DiskBytes);
    }

    [Fact]
    public void A_plan_by_hand_is_applied()
    {
        var path = Path.GetTempFileName();
        try
        {
            var everything = PruningPlan.Everything(new Models.DecoderConfig
            {
                Family = "llama",
                VocabularySize = 4096,
                HiddenSize = 256,
                IntermediateSize = 768,
                Layers = 8,
                QueryHeads = 8,
                KeyValueHeads = 4,
                HeadDim = 32,
                TiedEmbeddings = true,
                MaxPositions = 512,
            });
            PlanFile.Write(path, everything with
            {
                Kept = new(axis => axis == Axis.Layers ? [[0, 7]] : everything.Kept[axis] is { } kept && axis.IsPerLayer ? kept[..2]
                    : everything.Kept[axis]),
            });
            var plan = Plan($"{{ plan: {path} }}");
            Assert.Equal(2, plan.Student.Sizes[Axis.Layers]);
            Assert.DoesNotContain(plan.Stages, stage => stage.Name == "score");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_papers_schedules_come_out_in_steps()
    {
        // 94B / (1152 · 8192) and 380B / (768 · 8192), rounded up.
        Assert.Equal(9961, PlanOf("llama-3.1-8b-width-4b.yaml").Stages.Single(stage => stage.Name == "distill").Steps);
        Assert.Equal(60400, PlanOf("mistral-nemo-12b-width-8b.yaml").Stages.Single(stage => stage.Name == "distill").Steps);
    }
}
