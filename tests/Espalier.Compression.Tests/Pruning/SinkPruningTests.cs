using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>The sinks of attention heads, which are one number of a head and not one of each of its entries.</summary>
public sealed class SinkPruningTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sink_goes_with_its_head_and_stays_as_it_is_where_heads_are_merged(bool merge)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", "gpt-oss"));
        var config = teacher.Config;
        var scores = MagnitudeScorer.Run(teacher, [], NullProgress.Instance);
        var student = new PruneTarget { Heads = config.QueryHeads / 2 }.Apply(config);
        var plan = PlanBuilder.ByImportance(config, student, scores, mergeHeads: merge);
        Assert.Equal(merge, plan.Merges?.Any(layer => layer.Length > 0) ?? false);
        var folder = Path.Combine(_folder.Path, "student");
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        using var pruned = Checkpoint.Open(folder);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            float[] Of(Checkpoint model, string part) => model.ReadFloat32($"model.layers.{layer}.self_attn.{part}");
            var (kept, H) = (plan.Kept[Axis.Heads]![layer], config.HeadDim);
            Assert.Equal(student.QueryHeads, kept.Length);
            Assert.Equal(kept.Select(head => Of(teacher, "sinks")[head]), Of(pruned, "sinks"));
            // The bias of the queries has an entry for each of a head's, and takes in those of the head that goes.
            var biases = kept.SelectMany(head => Of(teacher, "q_proj.bias").Skip(head * H).Take(H)).ToArray();
            Assert.Equal(!merge, biases.SequenceEqual(Of(pruned, "q_proj.bias")));
        }
    }

    [Fact]
    public void Each_weight_of_a_head_counts_for_it_its_sink_too()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", "gpt-oss"));
        var config = teacher.Config;
        var scores = MagnitudeScorer.Run(teacher, [], NullProgress.Instance);
        double Squares(string part, int from, int count) => teacher.ReadFloat32($"model.layers.2.self_attn.{part}")
            .Skip(from).Take(count).Sum(value => (double)value * value);
        var (H, D) = (config.HeadDim, config.HiddenSize);
        for (var head = 0; head < config.QueryHeads; head++)
        {
            var columns = teacher.ReadFloat32("model.layers.2.self_attn.o_proj.weight")
                .Where((_, i) => i % (config.QueryHeads * H) / H == head).Sum(value => (double)value * value);
            Assert.Equal(Math.Sqrt(columns + Squares("q_proj.weight", head * H * D, H * D) + Squares("q_proj.bias", head * H, H)
                + Squares("sinks", head, 1)), scores.Units[Axis.Heads]![2][head], 1e-9);
        }
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
