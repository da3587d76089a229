using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Compression.Tests.Importance;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Plans and pruned folders against the reference: tests/golden/pruning/README.md.</summary>
public sealed class PruningGoldenTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-prune-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void Width_pruning_keeps_the_references_units_and_gives_its_folder()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "width", "golden.safetensors"));
        var student = new PruneTarget { Hidden = 32, Ffn = 64, Heads = 4 }.Apply(teacher.Config);
        var scores = ImportanceGoldenTests.Score(Aggregator.Default, DType.Float32, 16);
        var plan = PlanBuilder.ByImportance(teacher.Config, student, scores);

        Assert.Equal(golden.Longs("keep.channels"), plan.Kept[Axis.Hidden]![0].Select(i => (long)i));
        Assert.Equal(golden.Longs("keep.heads"), plan.Kept[Axis.Heads]!.SelectMany(l => l).Select(i => (long)i));
        Assert.Equal(golden.Longs("keep.neurons"), plan.Kept[Axis.Ffn]!.SelectMany(l => l).Select(i => (long)i));
        AssertFolder(teacher, plan, "width");
    }

    [Fact]
    public void Depth_pruning_renumbers_the_layers_and_gives_the_references_folder()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var everything = PruningPlan.Everything(teacher.Config);
        var plan = PruningPlan.OfLayers(teacher.Config, [0, 1, 4, 5], "");
        AssertFolder(teacher, plan, "depth");
    }

    [Fact]
    public void Pruning_nothing_changes_no_bit()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        Pruner.Write(teacher, PruningPlan.Everything(teacher.Config), Path.Combine(_folder, "same"), ElementType.F32,
            NullProgress.Instance);
        Assert.Equal(
            File.ReadAllBytes(Fixtures.Golden("pruning", "teacher", "model.safetensors")),
            File.ReadAllBytes(Path.Combine(_folder, "same", "model.safetensors")));
    }

    [Fact]
    public void Masked_heads_and_neurons_equal_sliced_ones()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var random = PlanBuilder.Random(teacher.Config, new PruneTarget { Ffn = 40, Heads = 4 }.Apply(teacher.Config), 7);
        Pruner.Write(teacher, random, Path.Combine(_folder, "sliced"), ElementType.F32, NullProgress.Instance);
        using var sliced = GoldenTensors.Load(Path.Combine(_folder, "sliced"), DType.Float64);
        using var whole = DecoderWeights.Load(teacher, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 32).Select(i => (long)(i * 7 % 128))], 1, 32);
        void Mask(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.MlpIntermediate)
                Zero(value, 2, random.Kept[Axis.Ffn]![layer]);
            else if (point == TapPoint.AttentionOutput)
                Zero(value, 2, random.Kept[Axis.Heads]![layer]);
        }

        var expected = GoldenTensors.DoublesOf(whole.Logits(whole.Forward(ids, Mask)));
        GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(sliced.Logits(sliced.Forward(ids))), 1e-10, 0, "logits");
    }

    [Fact]
    public void Random_plans_repeat_with_their_seed_and_differ_with_another()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"), requireWeights: false);
        var student = new PruneTarget { Hidden = 20, Ffn = 40, Heads = 4, Layers = 3 }.Apply(teacher.Config);
        int[] Channels(ulong seed) => PlanBuilder.Random(teacher.Config, student, seed).Kept[Axis.Hidden]![0];
        Assert.Equal(Channels(1), Channels(1));
        Assert.NotEqual(Channels(1), Channels(2));
        Assert.Equal(student, PlanBuilder.Random(teacher.Config, student, 3).Apply(teacher.Config));
    }

    [Theory]
    [InlineData(3, "multiple of the 2 KV heads, at most 8: the nearest valid sizes are 2 and 4")]
    [InlineData(0, "the nearest valid size is 2")]
    [InlineData(12, "the nearest valid size is 6")]
    public void Head_counts_that_break_groups_name_the_nearest_legal_ones(int heads, string message)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"), requireWeights: false);
        Assert.Contains(message, Assert.Throws<EspalierException>(() => new PruneTarget { Heads = heads }.Apply(teacher.Config)).Message);
    }

    [Fact]
    public void Broken_plans_are_refused_with_the_field()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"), requireWeights: false);
        var plan = PruningPlan.Everything(teacher.Config);
        void Refused(PruningPlan broken, string message) =>
            Assert.Contains(message, Assert.Throws<EspalierException>(() => broken.Apply(teacher.Config)).Message);
        Refused(With(plan, Axis.Hidden, [[]]), "channels keeps nothing");
        Refused(With(plan, Axis.Hidden, [[0, 48]]), "channels names 48, but the teacher has 0 to 47");
        Refused(With(plan, Axis.Hidden, [[1, 0]]), "channels has 0 after 1");
        Refused(With(plan, Axis.Layers, [[0, 1]]), "heads has 6 lists but layers has 2");
        Refused(With(plan, Axis.Heads, [.. plan.Kept[Axis.Heads]!.Select(_ => new[] { 0, 1, 2, 4 })]),
            "heads[0] keeps 3, 1 heads in the 2 KV groups");
    }

    private static PruningPlan With(PruningPlan plan, Axis axis, int[][] kept) => plan with { Kept = plan.Kept.With(axis, kept) };

    private void AssertFolder(Checkpoint teacher, PruningPlan plan, string name)
    {
        var folder = Path.Combine(_folder, name);
        var config = Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        foreach (var file in new[] { "config.json", "generation_config.json", "model.safetensors" })
            Assert.Equal(File.ReadAllBytes(Fixtures.Golden("pruning", name, file)), File.ReadAllBytes(Path.Combine(folder, file)));

        using var reloaded = Checkpoint.Open(folder);
        Assert.Equal(config.Parameters, reloaded.CountedParameters);
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", name, "golden.safetensors"));
        using var model = DecoderWeights.Load(reloaded, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var logits = model.Logits(model.Forward(golden.Ids("input_ids")));
        GoldenTensors.AssertClose(golden.Doubles("logits"), GoldenTensors.DoublesOf(logits), 1e-5, 0, "logits");
    }

    private static void Zero(Tensor value, int dimension, int[] kept)
    {
        using var scope = TensorScope.Begin();
        var mask = new double[value.Size(dimension)];
        foreach (var unit in kept)
            mask[unit] = 1;
        var shape = new long[value.Dimensions];
        Array.Fill(shape, 1);
        shape[dimension] = mask.Length;
        value.MulInPlace(Tensor.From<double>(mask, shape).On(value.Device));
    }
}
