using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Compression.Tests.Importance;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Heads: the residual merge against the reference (tests/golden/pruning/README.md), and whole KV groups.</summary>
public sealed class HeadPruningTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-heads-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Merged_heads_give_the_references_queries_and_logits(int heads)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "stages.safetensors"));
        var student = new PruneTarget { Heads = heads }.Apply(teacher.Config);
        var scores = ImportanceGoldenTests.Score(Aggregator.Default, DType.Float32, 16);
        var merged = PlanBuilder.ByImportance(teacher.Config, student, scores, mergeHeads: true);
        Assert.Equal(golden.Longs($"heads{heads}.keep"), merged.Kept[Axis.Heads]!.SelectMany(l => l).Select(i => (long)i));

        AssertLogits(teacher, merged, golden.Doubles($"heads{heads}.merge"));
        AssertLogits(teacher, merged with { Merges = null }, golden.Doubles($"heads{heads}.plain"));
        var (all, width) = (golden.Doubles($"heads{heads}.merged_q_layer0"), teacher.Config.HiddenSize);
        var kept = merged.Kept[Axis.Heads]![0].SelectMany(head => all[(head * 8 * width)..((head + 1) * 8 * width)]).ToArray();
        using var written = Checkpoint.Open(Path.Combine(_folder, $"{heads}-merged"));
        var queries = new float[kept.Length];
        written.ReadFloat32("model.layers.0.self_attn.q_proj.weight", 0, queries);
        GoldenTensors.AssertClose(kept, [.. queries.Select(q => (double)q)], 1e-6, 0, "queries of layer 0");
    }

    [Fact]
    public void A_merge_on_all_axes_gives_the_references_folder_and_logits()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "width-merge", "golden.safetensors"));
        var student = new PruneTarget { Hidden = 32, Ffn = 64, Heads = 4 }.Apply(teacher.Config);
        var plan =
            PlanBuilder.ByImportance(teacher.Config, student, ImportanceGoldenTests.Score(Aggregator.Default, DType.Float32, 16),
                mergeHeads: true);
        AssertLogits(teacher, plan, golden.Doubles("logits"));
        foreach (var file in new[] { "config.json", "generation_config.json", "model.safetensors" })
            Assert.Equal(File.ReadAllBytes(Fixtures.Golden("pruning", "width-merge", file)),
                File.ReadAllBytes(Path.Combine(_folder, "4-merged", file)));
    }

    [Theory]
    [InlineData("olmo2")]
    [InlineData("qwen3-next")]
    public void A_merge_leaves_gates_and_the_gains_of_norms_as_they_are(string family)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", family));
        var config = teacher.Config;
        var student = new PruneTarget { Heads = config.QueryHeads / 2 }.Apply(config);
        var plan = PlanBuilder.ByImportance(config, student, MagnitudeScorer.Run(teacher, [], NullProgress.Instance), mergeHeads: true);
        var folder = Path.Combine(_folder, family);
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        var others = 0;
        foreach (var (name, parameter) in teacher.Family.Parameters(config).Select(named => (named.Name, named.Parameter))
            .Where(named => ParameterSpec.Of(named.Parameter.Role).Dimensions[0] == Axis.Heads.Dimension
                && named.Parameter.Role != ParameterRole.QueryProjectionBias))
        {
            var all = teacher.ReadFloat32(name);
            var head = all.Length / config.QueryHeads;
            var kept = plan.Kept[Axis.Heads]![parameter.Layer].SelectMany(i => all[(i * head)..((i + 1) * head)]);
            var isQuery = parameter.Role == ParameterRole.QueryProjection;
            others += isQuery ? 0 : 1;
            Assert.True(isQuery != kept.SequenceEqual(pruned.ReadFloat32(name)), name);
        }
        Assert.True(others > 0);
    }

    [Fact]
    public void A_merge_needs_half_of_a_groups_heads()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var student = new PruneTarget { Heads = 2 }.Apply(teacher.Config);
        var scores = ImportanceGoldenTests.Score(Aggregator.Default, DType.Float32, 16);
        var refused = Assert.Throws<EspalierException>(() => PlanBuilder.ByImportance(teacher.Config, student, scores, mergeHeads: true));
        Assert.Contains("keeps 1 of 4 heads, but a merge needs at least half: keep 4 heads", refused.Message);
    }

    [Fact]
    public void Whole_kv_groups_go_by_the_sum_of_their_heads_and_equal_a_masked_teacher()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var student = new PruneTarget { KvHeads = 1 }.Apply(teacher.Config);
        Assert.Equal((4, 1), (student.QueryHeads, student.KeyValueHeads));
        var scores = ImportanceGoldenTests.Score(Aggregator.Default, DType.Float32, 16);
        var plan = PlanBuilder.ByImportance(teacher.Config, student, scores);
        for (var layer = 0; layer < 6; layer++)
        {
            var better = scores.Units[Axis.Heads]![layer][..4].Sum() >= scores.Units[Axis.Heads]![layer][4..].Sum() ? 0 : 1;
            Assert.Equal([better], plan.Kept[Axis.KvHeads]![layer]);
            Assert.Equal(Enumerable.Range(4 * better, 4), plan.Kept[Axis.Heads]![layer]);
        }

        Pruner.Write(teacher, plan, Path.Combine(_folder, "groups"), ElementType.F32, NullProgress.Instance);
        using var sliced = GoldenTensors.Load(Path.Combine(_folder, "groups"), DType.Float64);
        using var whole = DecoderWeights.Load(teacher, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 32).Select(i => (long)(i * 7 % 128))], 1, 32);
        void Mask(TapPoint point, int layer, Tensor value)
        {
            if (point != TapPoint.AttentionOutput)
                return;
            var mask = Enumerable.Range(0, 8).Select(head => plan.Kept[Axis.Heads]![layer].Contains(head) ? 1.0 : 0.0).ToArray();
            value.MulInPlace(Tensor.From<double>(mask, 1, 1, 8, 1).On(value.Device));
        }
        var expected = GoldenTensors.DoublesOf(whole.Logits(whole.Forward(ids, Mask)));
        GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(sliced.Logits(sliced.Forward(ids))), 1e-10, 0, "logits");
    }

    [Fact]
    public void Merges_and_groups_that_contradict_the_kept_heads_are_refused()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"), requireWeights: false);
        var everything = PruningPlan.Everything(teacher.Config);
        var half = everything
            with
        { Kept = everything.Kept.With(Axis.Heads, [.. everything.Kept[Axis.Heads]!.Select(_ => new[] { 0, 1, 4, 5 })]) };
        void Refused(PruningPlan broken, string message) =>
            Assert.Contains(message, Assert.Throws<EspalierException>(() => broken.Apply(teacher.Config)).Message);
        PruningPlan Merged(int head, int gone) =>
            half with { Merges = [[new(head, gone)], .. Enumerable.Range(1, 5).Select(_ => Array.Empty<HeadMerge>())] };
        Merged(0, 3).Apply(teacher.Config);
        Refused(Merged(2, 3), "merges[0] has [2, 3]: head 2 is not kept;");
        Refused(Merged(0, 1), "merges[0] has [0, 1]: head 1 is kept");
        Refused(Merged(0, 6), "head 6 is not in the KV group of head 0, heads 0 to 3");
        Refused(half with { Merges = [[]] }, "merges has 1 lists but layers has 6");
        Refused(half with { Kept = half.Kept.With(Axis.KvHeads, [.. Enumerable.Range(0, 6).Select(_ => new[] { 0 })]) },
            "heads[0] keeps head 4 of KV head 1, which kv_heads[0] drops");
        Refused(half with { Kept = half.Kept.With(Axis.KvHeads, [[0, 2]]) }, "kv_heads has 1 lists but layers has 6");
    }

    [Fact]
    public void A_plan_with_merges_and_groups_reads_back_as_it_was_written()
    {
        var path = Path.Combine(_folder, "plan.json");
        var plan = new PruningPlan
        {
            Kept = new()
            {
                [Axis.Layers] = [[0, 2]],
                [Axis.Hidden] = [[1]],
                [Axis.Heads] = [[0, 1], [4, 5]],
                [Axis.KvHeads] = [[0], [1]],
                [Axis.Ffn] = [[5], [0]]
            },
            Merges = [[new(0, 3), new(1, 2)], []],
        };
        PlanFile.Write(path, plan);
        var back = PlanFile.Read(path);
        Assert.Equal(plan.Kept[Axis.KvHeads]!, back.Kept[Axis.KvHeads]!);
        Assert.Equal(plan.Merges, back.Merges);
        Assert.Contains("[[0, 3], [1, 2]]", File.ReadAllText(path));
        File.WriteAllText(path, File.ReadAllText(path).Replace("[0, 3]", "[0]", StringComparison.Ordinal));
        Assert.Contains("pairs [head that stays, head that goes]", Assert.Throws<EspalierException>(() => PlanFile.Read(path)).Message);
    }

    private void AssertLogits(Checkpoint teacher, PruningPlan plan, double[] expected)
    {
        var folder = Path.Combine(_folder, $"{plan.Kept[Axis.Heads]![0].Length}-{(plan.Merges is null ? "plain" : "merged")}");
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var model = GoldenTensors.Load(folder, DType.Float64);
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "width", "golden.safetensors"));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(model.Logits(model.Forward(calibration.Ids("input_ids")))), 1e-5, 0,
            folder);
    }
}
