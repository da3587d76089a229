using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;
using Espalier.Compression.Pruning.Experts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Experts that go, merged into those that stay: against NumPy (tests/golden/experts), and where nothing may change.</summary>
public sealed class ExpertMergingTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => ["gpt-oss", "mixtral", "olmoe", "qwen3-moe", "qwen3-moe-mixed"];

    [Theory, MemberData(nameof(Families))]
    public void Groups_shares_neurons_and_logits_are_those_of_numpy(string family)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("experts", $"{family}.merged.safetensors"));
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", family));
        var config = teacher.Config;
        var scores = Score(teacher, family);
        var plan = PlanBuilder.ByImportance(config, Axis.Experts.With(config, config.Experts - 2), scores, mergeExperts: true);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            Assert.Equal(config.LayerKinds[layer].HasExperts, golden.Has($"mass.{layer}"));
            if (!golden.Has($"mass.{layer}"))
            {
                Assert.Empty(plan.ExpertMerges![layer]);
                continue;
            }
            GoldenTensors.AssertClose(golden.Doubles($"mass.{layer}"), scores.Routing!.Mass[layer], 0, 1e-9, "mass");
            double[] nearness = [.. scores.Routing.Nearness.Skip(layer * config.Experts).Take(config.Experts).SelectMany(row => row)];
            GoldenTensors.AssertClose(golden.Doubles($"nearness.{layer}"), nearness, 1e-9, 0, "nearness");
            var merges = plan.ExpertMerges![layer];
            Assert.Equal(golden.Longs($"pairs.{layer}"), merges.SelectMany(merge => new long[] { merge.Expert, merge.Gone }));
            GoldenTensors.AssertClose(golden.Doubles($"shares.{layer}"), [.. merges.Select(merge => merge.Share)], 0, 1e-9, "shares");
            Assert.Equal(golden.Longs($"neurons.{layer}"),
                merges.SelectMany(merge => NeuronMatch.Of(teacher, layer, merge, default)).Select(neuron => (long)neuron));
        }
        using var pruned = Prune(teacher, plan);
        GoldenTensors.AssertClose(golden.Doubles("logits"), Logits(pruned, family), 2e-6, 0, "logits");
        // What dropping alone would give is far from it.
        using var dropped = Prune(teacher, plan with { ExpertMerges = null });
        Assert.True(golden.Doubles("logits").Zip(Logits(dropped, family), (a, b) => Math.Abs(a - b)).Max() > 1e-3);
    }

    /// <summary>Each token goes to one expert, with weight 1: whichever of two copies it is.</summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(0.3)]
    public void An_expert_merged_into_a_copy_with_its_neurons_in_another_order_changes_no_bit(double share)
    {
        using var original = Checkpoint.Open(Fixtures.Golden("families", "mixtral"));
        var source = Path.Combine(_folder.Path, "copies");
        CheckpointWriter.Write(source, original.Config with { ExpertsPerToken = 1 }, original, ElementType.F32, new Copies(original, 1, 3));
        using var teacher = Checkpoint.Open(source);
        var config = teacher.Config;
        var plan = PruningPlan.Everything(config)
            with
        { ExpertMerges = [.. Enumerable.Repeat<ExpertMerge[]>([new(1, 3, share)], config.Layers)] };
        plan = plan with
        {
            Kept = plan.Kept.With(Axis.Experts, [.. Enumerable.Repeat<int[]>([0, 1, 2, 4], config.Layers)])
                .With(Axis.ExpertFfn, [.. plan.Kept[Axis.ExpertFfn]!.Take(4 * config.Layers)]),
        };
        using var pruned = Prune(teacher, plan);
        foreach (var name in pruned.Entries.Keys)
            if (!name.Contains("experts.3", StringComparison.Ordinal) && !name.Contains("gate", StringComparison.Ordinal))
                Assert.Equal(teacher.ReadFloat32(name), pruned.ReadFloat32(name));
        Assert.Equal(Logits(teacher, "mixtral"), Logits(pruned, "mixtral"));
    }

    [Theory, MemberData(nameof(Families))]
    public void Merging_where_no_expert_goes_changes_no_bit(string family)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", family));
        var plan = PlanBuilder.ByImportance(teacher.Config, teacher.Config, Score(teacher, family), mergeExperts: true);
        Assert.All(plan.ExpertMerges!, Assert.Empty);
        using var same = Prune(teacher, plan);
        foreach (var name in teacher.Entries.Keys)
            Assert.Equal(teacher.ReadFloat32(name), same.ReadFloat32(name));
    }

    [Fact]
    public void An_expert_that_no_token_goes_to_is_dropped_and_of_experts_as_near_the_first_takes_in()
    {
        var routing = new ExpertRouting
        {
            Mass = [[0.5, 0.25, 0.25, 0, 0.5]],
            Nearness = [[1, 0, 0.1, 0, 0.2], [0, 1, 0.1, 0, 0.2], [0.1, 0.1, 1, 0, 0], [0, 0, 0, 1, 0], [0.2, 0.2, 0, 0, 1]],
        };
        Assert.Equal([new(0, 2, 0.2), new(0, 4, 0.4)], ExpertGroups.Of(routing, 0, [0, 1]));
        Assert.Equal([new(1, 0, 0.5 / 0.75), new(2, 4, 0.5 / 0.75)], ExpertGroups.Of(routing with
        {
            Nearness = [[1, 0.3, 0.1, 0, 0.2], [0, 1, 0.1, 0, 0.2], [0.1, 0.1, 1, 0, 0], [0, 0, 0, 1, 0], [0.2, -0.2, -0.1, 0, 1]],
        }, 0, [1, 2]));
    }

    [Fact]
    public void A_plan_with_merges_comes_back_from_its_file_and_impossible_ones_are_refused()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", "qwen3-moe-mixed"));
        var config = teacher.Config;
        var plan = PlanBuilder.ByImportance(config, Axis.Experts.With(config, config.Experts - 2), Score(teacher, "qwen3-moe-mixed"),
            mergeExperts: true);
        var file = Path.Combine(_folder.Path, "plan.json");
        PlanFile.Write(file, plan);
        Assert.Equal(plan.ExpertMerges!, PlanFile.Read(file).ExpertMerges!);
        Assert.Contains("experts merged", PlanFile.Read(file).Method);

        var layer = Array.FindIndex(plan.ExpertMerges!, merges => merges.Length > 0);
        int[] stays = plan.Kept[Axis.Experts]![layer], goes = [.. Enumerable.Range(0, config.Experts).Except(stays)];
        void Refused(string message, params ExpertMerge[] merges) => Assert.Contains(message, Assert.Throws<EspalierException>(() =>
            (plan with { ExpertMerges = [.. plan.ExpertMerges!.Select((of, i) => i == layer ? merges : of)] }).Apply(config)).Message);
        Refused($"expert {goes[0]} is not kept;", new ExpertMerge(goes[0], goes[1], 0.5));
        Refused($"expert {stays[1]} is kept", new ExpertMerge(stays[0], stays[1], 0.5));
        Refused($"the teacher has 0 to {config.Experts - 1}", new ExpertMerge(stays[0], config.Experts, 0.5));
        Refused("is merged more than", new(stays[0], goes[0], 0.5), new(stays[1], goes[0], 0.5));
        Refused("shares must be above 0,", new ExpertMerge(stays[0], goes[0], 0));
        Refused("add up to at most 1", new(stays[0], goes[0], 0.5), new(stays[0], goes[1], 0.6));
        Assert.Contains("one for each kept layer",
            Assert.Throws<EspalierException>(() => (plan with { ExpertMerges = [[]] }).Apply(config)).Message);
    }

    [Fact]
    public void Scores_that_do_not_know_the_router_and_models_without_experts_are_refused()
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("families", "mixtral"));
        var student = Axis.Experts.With(teacher.Config, 4);
        var blind = MagnitudeScorer.Run(teacher, [], NullProgress.Instance);
        Assert.Contains("prune.merge-experts: these scores (weight magnitude)",
            Assert.Throws<EspalierException>(() => PlanBuilder.ByImportance(teacher.Config, student, blind, mergeExperts: true)).Message);
        using var dense = Checkpoint.Open(Fixtures.Golden("families", "qwen3"));
        Assert.Contains("a qwen3 model has no experts", Assert.Throws<EspalierException>(() => PlanBuilder.ByImportance(dense.Config,
            dense.Config, MagnitudeScorer.Run(dense, [], NullProgress.Instance), mergeExperts: true)).Message);
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    private static ImportanceScores Score(Checkpoint teacher, string family)
    {
        using var model = DecoderWeights.Load(teacher, DType.Float64);
        return ImportanceScorer.Run(model, new WindowSet(TokenIds.FromList(Ids(family), "ids", teacher.Config.VocabularySize), 23),
            new() { Samples = 2, Batch = 1 }, NullProgress.Instance);
    }

    private static int[] Ids(string family)
    {
        using var golden = new GoldenTensors(Path.Combine(Fixtures.Golden("families", family), "golden.safetensors"));
        return [.. golden.Longs("input_ids").Select(id => (int)id)];
    }

    private Checkpoint Prune(Checkpoint teacher, PruningPlan plan)
    {
        var folder = Path.Combine(_folder.Path, Path.GetRandomFileName());
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        return Checkpoint.Open(folder);
    }

    // Two samples of 23 positions: of 24 ids the last is a target alone.
    private static double[] Logits(Checkpoint checkpoint, string family)
    {
        using var model = DecoderWeights.Load(checkpoint, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Ids(family).Chunk(24).SelectMany(sample => sample[..23]).Select(id => (long)id)], 2, 23);
        return GoldenTensors.DoublesOf(model.Logits(model.Forward(ids)));
    }

    /// <summary>
    /// A model in which one expert is another with its neurons in the opposite order, and the router does not tell them apart.
    /// </summary>
    private sealed class Copies(Checkpoint model, int of, int copy) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            var (width, columns) = (model.Config.ExpertIntermediateSize, model.Config.HiddenSize);
            var values = model.ReadFloat32(name.Replace($"experts.{copy}.", $"experts.{of}.", StringComparison.Ordinal));
            if (name.EndsWith("gate.weight", StringComparison.Ordinal))
                values.AsSpan(of * columns, columns).CopyTo(values.AsSpan(copy * columns));
            else if (name.Contains($"experts.{copy}.w2", StringComparison.Ordinal))
                values = [.. values.Chunk(width).SelectMany(row => row.Reverse())];
            else if (name.Contains($"experts.{copy}.", StringComparison.Ordinal))
                values = [.. values.Chunk(columns).Reverse().SelectMany(row => row)];
            values.AsSpan((int)firstElement, destination.Length).CopyTo(destination);
        }
    }
}
