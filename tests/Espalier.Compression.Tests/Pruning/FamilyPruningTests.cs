using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>What holds for a pruned model of every family, whatever was cut.</summary>
public sealed class FamilyPruningTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-families-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory, MemberData(nameof(Families))]
    public void Pruning_nothing_changes_no_bit(string family)
    {
        using var teacher = Open(family);
        using var same = Prune(teacher, PruningPlan.Everything(teacher.Config), "same");
        Assert.Equal(teacher.Entries.Keys.Order(), same.Entries.Keys.Order());
        foreach (var name in teacher.Entries.Keys)
            Assert.Equal(Values(teacher, name), Values(same, name));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_cut_of_every_axis_has_the_planned_shape_and_count_and_changes_every_axis(string family)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        var plan = PlanBuilder.Random(config, Half(config).Apply(config), 3);
        // With the kinds of the layers that stay.
        var student = plan.Apply(config);
        using var pruned = Prune(teacher, plan, "cut");
        Assert.Equal(student.Parameters, pruned.CountedParameters);
        Assert.All(Axis.All, axis => Assert.Equal(axis.Of(student), axis.Of(pruned.Config)));
        Assert.Equal(config.HeadDim, pruned.Config.HeadDim);
        Assert.All(Axis.All.Where(axis => axis != Axis.KvHeads && axis.IsIn(config)),
            axis => Assert.True(axis.Of(pruned.Config) < axis.Of(config), $"{axis}"));
        var tensors = pruned.Family.Table.Tensors(student).ToArray();
        Assert.Equal(tensors.Length, pruned.Entries.Count);
        Assert.All(tensors, tensor => Assert.Equal(tensor.Shape, pruned.Entry(tensor.Name).Shape));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_masked_model_equals_the_sliced_one(string family)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        // A norm over all heads divides by their number: heads that are zero are not heads that are gone.
        var normed = config.LayerKinds.Any(kind => kind.HeadNorms == HeadNormKind.AllHeads);
        var target = Half(config) with
        {
            Hidden = null,
            Layers = null,
            Heads = normed ? null : Heads(config),
        };
        // The norms of mixers divide by the channels that there are: MambaPruningTests, DeltaPruningTests.
        target = target with
        {
            Sizes = target.Sizes.With(Axis.MambaHeads, null).With(Axis.MambaHeadDim, null).With(Axis.DeltaHeadDim, null),
        };
        var plan = PlanBuilder.Random(config, target.Apply(config), 5);
        using var pruned = Prune(teacher, plan, "masked");
        using var routed = new RoutedBatch(config.Experts);
        void Mask(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.MlpIntermediate)
                Zero(value, plan.Kept[Axis.Ffn]![layer]);
            else if (point == TapPoint.AttentionOutput)
                Zero(value, plan.Kept[Axis.Heads]![layer]);
            else if (point == TapPoint.DeltaOutput)
                Zero(value, plan.Kept[Axis.DeltaHeads]![layer]);
            else if (point == TapPoint.SharedIntermediate)
                Zero(value, plan.Kept[Axis.SharedFfn]![layer]);
            else if (point == TapPoint.RouterLogits)
                Forbid(value, plan.Kept[Axis.Experts]![layer]);
            else if (point == TapPoint.ExpertChoice)
                routed.Choose(value);
            else if (point == TapPoint.ExpertIntermediate)
                routed.OfRows(value, (expert, rows) =>
                    Zero(rows, plan.UnitsOf(Axis.ExpertFfn, layer, Array.IndexOf(plan.Kept[Axis.Experts]![layer], expert))!));
        }
        GoldenTensors.AssertClose(Logits(teacher, Mask), Logits(pruned), 1e-10, 0, family);
    }

    [Fact]
    public void Fewer_heads_of_multi_head_attention_take_their_kv_heads_with_them()
    {
        using var grouped = Open("qwen2"); // biases on q, k and v
        using var teacher = Ungrouped(grouped);
        var config = teacher.Config;
        Assert.Equal(config.QueryHeads, config.KeyValueHeads);
        GoldenTensors.AssertClose(Logits(grouped), Logits(teacher), 1e-12, 0, "the same model, each query head with a KV head of its own");

        var student = new PruneTarget { Heads = 2 }.Apply(config);
        Assert.Equal((2, 2), (student.QueryHeads, student.KeyValueHeads));
        Assert.Equal(student, new PruneTarget { KvHeads = 2 }.Apply(config));
        var plan = PlanBuilder.Random(config, student, 5);
        Assert.Equal(plan.Kept[Axis.KvHeads]!, plan.Kept[Axis.Heads]!);
        using var pruned = Prune(teacher, plan, "multi-head");
        Assert.Equal((2, 2), (pruned.Config.QueryHeads, pruned.Config.KeyValueHeads));
        void Mask(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.AttentionOutput)
                Zero(value, plan.Kept[Axis.Heads]![layer]);
        }
        GoldenTensors.AssertClose(Logits(teacher, Mask), Logits(pruned), 1e-10, 0, "masked and sliced");
        // By hand: the rows of k of the heads that stay.
        var (rows, width) = (Values(teacher, "model.layers.0.self_attn.k_proj.weight"), config.HeadDim * config.HiddenSize);
        Assert.Equal(plan.Kept[Axis.Heads]![0].SelectMany(head => rows[(head * width)..((head + 1) * width)]),
            Values(pruned, "model.layers.0.self_attn.k_proj.weight"));
    }

    [Fact]
    public void Heads_of_multi_head_attention_can_be_cut_to_any_number_but_not_be_merged()
    {
        using var grouped = Open("qwen2");
        var config = grouped.Config with { KeyValueHeads = grouped.Config.QueryHeads };
        for (var heads = 1; heads <= config.QueryHeads; heads++)
            Assert.Equal(config with { QueryHeads = heads, KeyValueHeads = heads }, new PruneTarget { Heads = heads }.Apply(config));
        void Refused(PruneTarget target, string message) =>
            Assert.Contains(message, Assert.Throws<EspalierException>(() => target.Apply(config)).Message);
        Refused(new() { Heads = 2, KvHeads = config.QueryHeads },
            $"prune.heads is 2; it must be a multiple of the {config.QueryHeads} KV heads");
        Refused(new() { Heads = config.QueryHeads + 1 }, $"the nearest valid size is {config.QueryHeads - 1}");
        Refused(new() { Heads = 0 }, "prune.heads is 0");
        var merge = Assert.Throws<EspalierException>(() => GroupChoice.CheckMerge(config, new PruneTarget { Heads = 2 }.Apply(config)));
        Assert.Contains("no head is left in its group to merge into", merge.Message);
        // Where heads share KV heads, the message says what cuts those.
        var few = Assert.Throws<EspalierException>(() => new PruneTarget { Heads = 1 }.Apply(grouped.Config));
        Assert.Contains("fewer need fewer KV heads (kv-heads)", few.Message);
    }

    [Theory, MemberData(nameof(Families))]
    public void Skipped_layers_equal_dropped_ones(string family)
    {
        using var teacher = Open(family);
        var everything = PruningPlan.Everything(teacher.Config);
        var kept = teacher.Config.Layers - 1;
        var plan = PruningPlan.OfLayers(teacher.Config, everything.Layers[1..], "");
        using var pruned = Prune(teacher, plan, "shallow");
        Assert.Equal(kept, pruned.Config.Layers);

        // A block whose two last projections are zero hands its input on, unless they have biases: then what it gives is put back.
        var hasBiases = teacher.Config.AttentionOutputBias || teacher.Config.MlpBias || teacher.Config.ExpertBias;
        Tensor? input = null;
        void Skip(TapPoint point, int layer, Tensor value)
        {
            if (layer == 0 && hasBiases && point == TapPoint.BlockInput)
                input = value;
            else if (layer == 0 && hasBiases && point == TapPoint.BlockOutput)
                value.CopyInPlace(input!);
            if (layer == 0 && point is TapPoint.AttentionOutput or TapPoint.MambaOutput or TapPoint.DeltaOutput or TapPoint.MlpIntermediate
                or TapPoint.ExpertIntermediate or TapPoint.SharedIntermediate)
                Zero(value, []);
        }
        GoldenTensors.AssertClose(Logits(teacher, Skip), Logits(pruned), 1e-10, 0, family);
    }

    [Theory, MemberData(nameof(Families))]
    public void A_reloaded_student_gives_the_logits_of_the_one_in_memory(string family)
    {
        using var teacher = Open(family);
        var plan = PlanBuilder.Random(teacher.Config, Half(teacher.Config).Apply(teacher.Config), 7);
        using var pruned = Prune(teacher, plan, "memory");
        using var inMemory = DecoderWeights.Load(pruned);
        var folder = Path.Combine(_folder, "again");
        CheckpointWriter.Write(folder, pruned.Config, pruned, ElementType.F32, DecoderWeights.Source(inMemory, pruned.Family));
        using var again = Checkpoint.Open(folder);
        Assert.Equal(Logits(pruned), Logits(again));
    }

    /// <summary>
    /// transformers scales Gemma's embedding by the width of the model that it loads: fewer channels would be scaled otherwise than the
    /// teacher's. The student's tables make up for it, the head's twin included.
    /// </summary>
    [Fact]
    public void Fewer_channels_keep_the_teacher_s_scale_of_the_embedding()
    {
        using var teacher = Open("gemma2");
        var plan = PlanBuilder.Random(teacher.Config, new PruneTarget { Hidden = 20, Multiple = 1 }.Apply(teacher.Config), 9);
        using var pruned = Prune(teacher, plan, "narrow");
        Assert.Equal((Math.Sqrt(48), Math.Sqrt(20)), (teacher.Config.EmbeddingScale, pruned.Config.EmbeddingScale));

        // The teacher's rows and columns as they are, and its scale.
        var asTheyAre = pruned.Config with { EmbeddingScalesByWidth = false, EmbeddingScale = teacher.Config.EmbeddingScale };
        var everywhere = Enumerable.Range(0, 1 << 10).ToArray();
        using var model = new Decoder(asTheyAre, pruned.Family.Parameters(pruned.Config).Select(named =>
        {
            var spec = ParameterSpec.Of(named.Parameter.Role);
            var (values, shape) = (Values(teacher, named.Name), spec.Shape(teacher.Config));
            int[] Kept(int dimension) => dimension >= shape.Length ? [0]
                : spec.Dimensions[dimension].Axis == Axis.Hidden ? plan.Kept[Axis.Hidden]![0] : everywhere[..(int)shape[dimension]];
            var width = shape.Length == 2 ? (int)shape[1] : 1;
            double[] kept = [.. Kept(0).SelectMany(row => Kept(1).Select(column => (double)values[row * width + column]))];
            return KeyValuePair.Create(named.Parameter, Tensor.From<double>(kept, named.Shape).Unscoped());
        }));
        using var student = DecoderWeights.Load(pruned, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % 128))], 1, 24);
        GoldenTensors.AssertClose(GoldenTensors.DoublesOf(model.Logits(model.Forward(ids))),
            GoldenTensors.DoublesOf(student.Logits(student.Forward(ids))), 2e-6, 0, "stored as float32, the tables are rounded once");
    }

    /// <summary>A model that says the same with a KV head for every query head: those of a group are copies.</summary>
    private Checkpoint Ungrouped(Checkpoint grouped)
    {
        var folder = Path.Combine(_folder, "ungrouped");
        CheckpointWriter.Write(folder, grouped.Config with { KeyValueHeads = grouped.Config.QueryHeads }, grouped, ElementType.F32,
            new Copies(grouped));
        return Checkpoint.Open(folder);
    }

    private sealed class Copies(Checkpoint grouped) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            var values = Values(grouped, name);
            if (name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("v_proj", StringComparison.Ordinal))
            {
                var head = values.Length / grouped.Config.KeyValueHeads;
                values = [.. values.Chunk(head).SelectMany(one => Enumerable.Repeat(one, grouped.Config.GroupSize)).SelectMany(one => one)];
            }
            values.AsSpan((int)firstElement, destination.Length).CopyTo(destination);
        }
    }

    // Of OLMoE half of the heads: norms of queries and keys are as wide as the stream.
    private static PruneTarget Half(DecoderConfig config) => new()
    {
        Sizes = new(axis => !axis.IsIn(config) || axis == Axis.KvHeads ? null
            : axis == Axis.Layers ? config.Layers - 1
            : axis == Axis.Experts ? config.Experts - 2
            : axis == Axis.Heads && config.GroupSize > 1 ? Heads(config)
            : axis == Axis.DeltaHeads ? Math.Max(1, axis.GroupSizeOf(config) / 2) * (config.Delta.Groups / 2)
            : axis == Axis.MambaHeads ? axis.GroupSizeOf(config) / 2 * config.Mamba.Groups : axis.Of(config) / 2),
        Multiple = 1,
    };

    private static int Heads(DecoderConfig config) => Math.Max(1, config.GroupSize / 2) * config.KeyValueHeads;

    private static Checkpoint Open(string family) => Checkpoint.Open(Fixtures.Golden("families", family));

    private Checkpoint Prune(Checkpoint teacher, PruningPlan plan, string name)
    {
        var folder = Path.Combine(_folder, name);
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        return Checkpoint.Open(folder);
    }

    private static float[] Values(Checkpoint model, string name)
    {
        var values = new float[model.Entries[name].Elements];
        model.ReadFloat32(name, 0, values);
        return values;
    }

    private static double[] Logits(Checkpoint checkpoint, Tap? tap = null)
    {
        using var model = DecoderWeights.Load(checkpoint, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % model.Config.VocabularySize))], 1, 24);
        return GoldenTensors.DoublesOf(model.Logits(model.Forward(ids, tap)));
    }

    private static void Zero(Tensor value, int[] kept)
    {
        using var scope = TensorScope.Begin();
        var mask = new double[value.Size(Math.Min(2, value.Dimensions - 1))];
        foreach (var unit in kept)
            mask[unit] = 1;
        long[] shape = value.Dimensions == 4 ? [1, 1, mask.Length, 1] : value.Dimensions == 3 ? [1, 1, mask.Length] : [1, mask.Length];
        value.MulInPlace(Tensor.From<double>(mask, shape).On(value.Device));
    }

    // What no token can choose.
    private static void Forbid(Tensor logits_BTE, int[] kept)
    {
        using var scope = TensorScope.Begin();
        double[] added = [.. Enumerable.Range(0, (int)logits_BTE.Size(2))
            .Select(expert => kept.Contains(expert) ? 0 : double.NegativeInfinity)];
        logits_BTE.AddInPlace(Tensor.From<double>(added, 1, 1, added.Length).On(logits_BTE.Device));
    }
}
