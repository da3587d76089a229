using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Key and value heads of linear attention and the channels of these: what stays, and that it computes what it did.</summary>
public sealed class DeltaPruningTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-delta-").FullName;

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// Heads whose gate is zero give nothing, nor do channels whose values are zero; the norm of a head divides by these all the same: the
    /// sliced model's norm is made as much larger. Its epsilon is next to nothing here.
    /// </summary>
    [Theory]
    [InlineData("qwen3-5", 1, 2, null)]
    [InlineData("qwen3-5", 2, 2, 6)]
    [InlineData("qwen3-5", 1, 1, 3)]
    [InlineData("qwen3-5-tied", 2, 4, null)]
    [InlineData("qwen3-5-tied", 3, 9, 2)]
    public void A_model_with_closed_heads_equals_the_sliced_one(string family, int keys, int heads, int? channels)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        var target = new PruneTarget
        {
            Sizes = new PerAxis<int?> { [Axis.DeltaKeyHeads] = keys, [Axis.DeltaHeads] = heads, [Axis.DeltaHeadDim] = channels },
            Multiple = 1,
        };
        var plan = PlanBuilder.Random(config, target.Apply(config), 11);
        var folder = Path.Combine(_folder, "sliced");
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        Assert.Equal((keys, heads, channels ?? config.Delta.HeadDim),
            (pruned.Config.Delta.Groups, pruned.Config.Delta.Heads, pruned.Config.Delta.HeadDim));

        var entries = config.Delta.HeadDim;
        var wider = Math.Sqrt((double)entries / pruned.Config.Delta.HeadDim);
        var sliced = Logits(pruned, (parameter, values) =>
        {
            if (parameter.Role == ParameterRole.DeltaNorm)
                for (var i = 0; i < values.Length; i++)
                    values[i] *= wider;
        });
        var masked = Logits(teacher, (parameter, values) =>
        {
            if (parameter.Role is not (ParameterRole.DeltaGateProjection or ParameterRole.DeltaValueProjection))
                return;
            var width = values.Length / config.Delta.Channels;
            for (var i = 0; i < values.Length; i++)
                if (parameter.Role == ParameterRole.DeltaGateProjection
                    ? !plan.Kept[Axis.DeltaHeads]![parameter.Layer].Contains(i / width / entries)
                    : !plan.Kept[Axis.DeltaHeadDim]![parameter.Layer].Contains(i / width % entries))
                    values[i] = 0;
        });
        GoldenTensors.AssertClose(masked, sliced, 1e-10, 0, family);
    }

    [Fact]
    public void Whole_groups_go_by_the_sum_of_their_heads_and_then_the_same_number_from_each()
    {
        using var teacher = Open("qwen3-5-tied"); // nine value heads of three key heads
        var config = teacher.Config;
        var student = new PruneTarget
        {
            Sizes = new PerAxis<int?> { [Axis.DeltaKeyHeads] = 2, [Axis.DeltaHeads] = 4 },
        }.Apply(config);
        var scores = RandomScorer.Run(config, [], 3);
        var plan = PlanBuilder.ByImportance(config, student, scores);
        foreach (var (layer, kept) in plan.Kept[Axis.DeltaHeads]!.Index().Where(one => config.LayerKinds[one.Index].HasDelta))
        {
            var row = scores.Units[Axis.DeltaHeads]![layer];
            var gone = Enumerable.Range(0, 3).MinBy(group => row[(3 * group)..(3 * group + 3)].Sum());
            Assert.DoesNotContain(gone, plan.Kept[Axis.DeltaKeyHeads]![layer]);
            foreach (var group in plan.Kept[Axis.DeltaKeyHeads]![layer])
            {
                var heads = Enumerable.Range(3 * group, 3).ToArray();
                Assert.Equal(heads.Where(head => head != heads.MinBy(one => row[one])), kept.Where(head => head / 3 == group));
            }
        }
        // Read back from the file that a person could write.
        var path = Path.Combine(_folder, "plan.json");
        PlanFile.Write(path, plan);
        Assert.Equal(student, PlanFile.Read(path).Apply(config));
        Assert.Contains("\"linear_key_heads\": [", File.ReadAllText(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("linear-value-heads", 7, "prune.linear-value-heads is 7; it must be a multiple of the 3 linear key heads, at most 9")]
    [InlineData("linear-value-heads", 2,
        "prune.linear-value-heads is 2; it must be a multiple of the 3 linear key heads, at most 9: the nearest valid size is 3; fewer "
        + "need fewer linear key heads (linear-key-heads), which cuts whole groups")]
    [InlineData("linear-key-heads", 4, "prune.linear-key-heads is 4; it must be between 1 and the teacher's 3")]
    [InlineData("linear-value-head-dim", 6, "prune.linear-value-head-dim is 6; it must be between 1 and the teacher's 5")]
    public void A_size_that_groups_do_not_allow_is_refused(string key, int size, string message)
    {
        using var teacher = Open("qwen3-5-tied");
        var axis = Axis.All.Single(axis => axis.Key == key);
        var error =
            Assert.Throws<EspalierException>(() => new PruneTarget { Sizes = new PerAxis<int?> { [axis] = size } }.Apply(teacher.Config));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        using var plain = Open("qwen3");
        Assert.Contains($"a qwen3 model has no {axis.Units}",
            Assert.Throws<EspalierException>(() =>
                new PruneTarget { Sizes = new PerAxis<int?> { [axis] = 2 } }.Apply(plain.Config)).Message);
    }

    /// <summary>Where each value head has a key head of its own, that goes with it.</summary>
    [Fact]
    public void Value_heads_that_share_no_key_take_theirs_with_them()
    {
        using var teacher = Open("qwen3-5");
        var config = teacher.Config with { Delta = teacher.Config.Delta with { Groups = 4 } };
        var student = new PruneTarget { Sizes = new PerAxis<int?> { [Axis.DeltaHeads] = 3 } }.Apply(config);
        Assert.Equal((3, 3), (student.Delta.Groups, student.Delta.Heads));
    }

    /// <summary>The gate's rows of a head go with the query's: in the file one stands after the other, head by head.</summary>
    [Fact]
    public void A_query_head_keeps_the_rows_of_its_gate()
    {
        using var teacher = Open("qwen3-5");
        var config = teacher.Config;
        var plan = PlanBuilder.Random(config, new PruneTarget { Heads = 2 }.Apply(config), 3);
        var folder = Path.Combine(_folder, "heads");
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        var layer = config.LayerKinds.Index().First(kind => kind.Item.HasAttention).Index;
        var (name, size) = ($"model.layers.{layer}.self_attn.q_proj.weight", 2 * config.HeadDim * config.HiddenSize);
        Assert.Equal(plan.Kept[Axis.Heads]![layer].SelectMany(head => Values(teacher, name)[(head * size)..((head + 1) * size)]),
            Values(pruned, name));
    }

    /// <summary>Against the reference's activations, aggregated as the paper does: tests/golden/families, importance.safetensors.</summary>
    [Theory]
    [InlineData("qwen3-5", Aggregation.L2, Aggregation.Mean)]
    [InlineData("qwen3-5", Aggregation.Variance, Aggregation.Variance)]
    [InlineData("qwen3-5-tied", Aggregation.Mean, Aggregation.L2)]
    [InlineData("qwen3-5-tied", Aggregation.L2, Aggregation.Mean)]
    public void Importance_of_heads_and_channels_is_that_of_the_reference(string family, Aggregation batch, Aggregation sequence)
    {
        using var teacher = Open(family);
        using var golden = new GoldenTensors(Fixtures.Golden("families", family, "importance.safetensors"));
        using var model = DecoderWeights.Load(teacher, DType.Float64);
        using var collector = new ImportanceCollector(model.Config, new ScoreOptions());
        using (GradMode.Disable())
        using (TensorScope.Begin())
            model.Forward(golden.Ids("input_ids"), collector.Batch());
        var aggregator = new Aggregator(batch, sequence);
        var scores = collector.Result(aggregator, 24);
        for (var layer = 0; layer < model.Config.Layers; layer++)
            foreach (var (axis, name) in new[] { (Axis.DeltaHeads, "heads"), (Axis.DeltaHeadDim, "channels") })
            {
                var row = scores.Units[axis]![layer];
                if (model.Config.LayerKinds[layer].HasDelta)
                    GoldenTensors.AssertClose(golden.Doubles($"{aggregator.FileName}.{layer}.{name}"), row, 0, 1e-9,
                        $"{name} of layer {layer}");
                else
                    Assert.All(row, score => Assert.Equal(0, score));
            }
        // As the file holds them.
        var path = Path.Combine(_folder, "scores.json");
        ScoresFile.Write(path, scores);
        Assert.Equal(scores.Units[Axis.DeltaHeads]!, ScoresFile.Read(path).Units[Axis.DeltaHeads]!);
    }

    private static Checkpoint Open(string family) => Checkpoint.Open(Fixtures.Golden("families", family));

    private static float[] Values(Checkpoint model, string name)
    {
        var values = new float[model.Entries[name].Elements];
        model.ReadFloat32(name, 0, values);
        return values;
    }

    private static double[] Logits(Checkpoint checkpoint, Action<Parameter, double[]> change)
    {
        var config = checkpoint.Config with { NormEpsilon = 1e-30 };
        using var model = new Decoder(config, checkpoint.Family.Parameters(config).Select(named =>
        {
            var values = new float[named.Shape.Aggregate(1L, (product, size) => product * size)];
            checkpoint.ReadFloat32(named.Name, 0, values);
            var changed = Array.ConvertAll(values, value => (double)value);
            change(named.Parameter, changed);
            return KeyValuePair.Create(named.Parameter, Tensor.From<double>(changed, named.Shape).Unscoped());
        }));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % config.VocabularySize))], 1, 24);
        return GoldenTensors.DoublesOf(model.Logits(model.Forward(ids)));
    }
}
