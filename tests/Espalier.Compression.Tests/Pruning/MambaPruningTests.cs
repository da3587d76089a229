using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Heads of Mamba layers and their channels: what stays, and that it computes what it did.</summary>
public sealed class MambaPruningTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-mamba-").FullName;

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// A channel whose gate is zero gives nothing, and the norm of its group divides by it all the same: the sliced model's norm is made as
    /// much larger. Its epsilon is next to nothing here.
    /// </summary>
    [Theory]
    [InlineData("nemotron-h", 4, null)]
    [InlineData("nemotron-h", null, 4)]
    [InlineData("nemotron-h", 2, 7)]
    [InlineData("nemotron-h-tied", 6, 3)]
    public void A_model_with_closed_gates_equals_the_sliced_one(string family, int? heads, int? channels)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        var target = new PruneTarget
        {
            Sizes = new PerAxis<int?> { [Axis.MambaHeads] = heads, [Axis.MambaHeadDim] = channels },
            Multiple = 1,
        };
        var plan = PlanBuilder.Random(config, target.Apply(config), 11);
        var folder = Path.Combine(_folder, "sliced");
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        Assert.Equal((heads ?? config.Mamba.Heads, channels ?? config.Mamba.HeadDim),
            (pruned.Config.Mamba.Heads, pruned.Config.Mamba.HeadDim));

        var entries = config.Mamba.HeadDim;
        var wider = Math.Sqrt((double)config.Mamba.Channels / pruned.Config.Mamba.Channels);
        var sliced = Logits(pruned, (parameter, values) =>
        {
            if (parameter.Role == ParameterRole.MambaNorm)
                for (var i = 0; i < values.Length; i++)
                    values[i] *= wider;
        });
        var masked = Logits(teacher, (parameter, values) =>
        {
            if (parameter.Role is not (ParameterRole.MambaGateProjection or ParameterRole.MambaGateProjectionBias))
                return;
            var width = values.Length / config.Mamba.Channels;
            for (var i = 0; i < values.Length; i++)
                if (!plan.Kept[Axis.MambaHeads]![parameter.Layer].Contains(i / width / entries)
                    || !plan.Kept[Axis.MambaHeadDim]![parameter.Layer].Contains(i / width % entries))
                    values[i] = 0;
        });
        GoldenTensors.AssertClose(masked, sliced, 1e-10, 0, family);
    }

    [Fact]
    public void The_same_number_of_heads_stays_in_each_group()
    {
        using var teacher = Open("nemotron-h-tied"); // nine heads in three groups
        var config = teacher.Config;
        var student = new PruneTarget { Sizes = new PerAxis<int?> { [Axis.MambaHeads] = 6 } }.Apply(config);
        var scores = Scores(teacher);
        var plan = PlanBuilder.ByImportance(config, student, scores);
        foreach (var (layer, kept) in plan.Kept[Axis.MambaHeads]!.Index().Where(one => config.LayerKinds[one.Index].HasMamba))
        {
            Assert.Equal([2, 2, 2], kept.CountBy(head => head / 3).Select(group => group.Value));
            // In each group the one with the least score goes.
            for (var group = 0; group < 3; group++)
                Assert.DoesNotContain(Enumerable.Range(3 * group, 3).MinBy(head => scores.Units[Axis.MambaHeads]![layer][head]), kept);
        }
        var uneven = plan with { Kept = plan.Kept.With(Axis.MambaHeads, [.. Enumerable.Repeat<int[]>([0, 1, 3, 4, 6], config.Layers)]) };
        Assert.Equal(
            "plan: mamba_heads[0] keeps 2, 2, 1 Mamba heads in the 3 Mamba groups; every group must keep the same number; the nearest "
            + "is 2 per group", Assert.Throws<EspalierException>(() => uneven.Apply(config)).Message);
    }

    [Theory]
    [InlineData("mamba-heads", 5, "prune.mamba-heads is 5; it must be a multiple of the 3 Mamba groups, at most 9")]
    [InlineData("mamba-heads", 2,
        "prune.mamba-heads is 2; it must be a multiple of the 3 Mamba groups, at most 9: the nearest valid size is 3")]
    [InlineData("mamba-head-dim", 8, "prune.mamba-head-dim is 8; it must be between 1 and the teacher's 7")]
    public void A_size_that_groups_do_not_allow_is_refused(string key, int size, string message)
    {
        using var teacher = Open("nemotron-h-tied");
        var axis = Axis.All.Single(axis => axis.Key == key);
        var error =
            Assert.Throws<EspalierException>(() => new PruneTarget { Sizes = new PerAxis<int?> { [axis] = size } }.Apply(teacher.Config));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        using var plain = Open("qwen3");
        Assert.Contains($"a qwen3 model has no {axis.Units}",
            Assert.Throws<EspalierException>(() =>
                new PruneTarget { Sizes = new PerAxis<int?> { [axis] = 2 } }.Apply(plain.Config)).Message);
    }

    /// <summary>Against the reference's activations, aggregated as the paper does: tests/golden/families, importance.safetensors.</summary>
    [Theory]
    [InlineData("nemotron-h", Aggregation.L2, Aggregation.Mean)]
    [InlineData("nemotron-h", Aggregation.Variance, Aggregation.Variance)]
    [InlineData("nemotron-h-tied", Aggregation.Mean, Aggregation.L2)]
    [InlineData("nemotron-h-tied", Aggregation.L2, Aggregation.Mean)]
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
            foreach (var (axis, name) in new[] { (Axis.MambaHeads, "heads"), (Axis.MambaHeadDim, "channels") })
            {
                var row = scores.Units[axis]![layer];
                if (model.Config.LayerKinds[layer].HasMamba)
                    GoldenTensors.AssertClose(golden.Doubles($"{aggregator.FileName}.{layer}.{name}"), row, 0, 1e-9,
                        $"{name} of layer {layer}");
                else
                    Assert.All(row, score => Assert.Equal(0, score));
            }
        // A layer that is one half has one norm: the other's channels count for nothing.
        var perNorm = scores.ChannelsPerNorm;
        for (var layer = 0; layer < model.Config.Layers; layer++)
            Assert.Equal(model.Config.LayerKinds[layer].HasMixer, perNorm[2 * layer + 1].Sum() == 0);
    }

    private static ImportanceScores Scores(Checkpoint teacher) => RandomScorer.Run(teacher.Config, [], 3);

    private static Checkpoint Open(string family) => Checkpoint.Open(Fixtures.Golden("families", family));

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
