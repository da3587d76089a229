using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Parts;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Frozen;

/// <summary>What low-rank adaptation is, on every family: what it adds, what its gradients are, and what it leaves alone.</summary>
public sealed class LowRankTests : TorchTest
{
    private const int Rank = 3;

    private static readonly LowRankOptions s_options = new(Rank, Alpha: 5, LowRankTargets.All, Seed: 7);

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void Fresh_adapters_change_no_bit_of_the_logits(string family)
    {
        using var model = Load(family, DType.Float32);
        var before = Logits(model);
        s_options.AttachTo(model, FrozenParts.None);
        Assert.NotEmpty(model.Adapters);
        Assert.Equal(before, Logits(model));
        Fill(model);
        Assert.NotEqual(before, Logits(model));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Merged_they_give_what_they_gave_beside_the_weights(string family)
    {
        using (var exact = Adapted(family, DType.Float64))
        {
            var beside = Logits(exact);
            exact.MergeAdapters();
            GoldenTensors.AssertClose(beside, Logits(exact), 1e-11, 1e-11, "logits");
        }
        using var model = Adapted(family, DType.Float32);
        var (before, written) = (Logits(model), Generated(model));
        model.MergeAdapters();
        Assert.Empty(model.Adapters);
        GoldenTensors.AssertClose(before, Logits(model), 2e-4, 2e-4, "logits");
        // Generation packs the merged weights: the same matrices, to the bit.
        Assert.Equal(written, Generated(model));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Their_gradients_are_those_of_the_merged_weights_times_the_other_factor(string family)
    {
        using var adapted = Adapted(family, DType.Float64);
        using var merged = Adapted(family, DType.Float64);
        merged.MergeAdapters();
        Accumulate(adapted, s => s.Adapters.ToList().ForEach(adapter => adapter.RequiresGrad = true));
        Accumulate(merged, s => s.RequiresGrad = true);
        using var scope = TensorScope.Begin();
        var weights = merged.Parameters.ToDictionary(p => p.Parameter, p => p.Value);
        foreach (var adapter in adapted.Adapters)
        {
            var slope = weights[adapter.Parameter].Grad()!;
            var (a, b) = (adapter.A.Detach(), adapter.B.Detach());
            AssertNear(b.Transpose(0, 1).MatMul(slope).Mul(adapter.Scale), adapter.A.Grad()!, $"{family} {adapter.Parameter} A");
            AssertNear(slope.MatMul(a.Transpose(0, 1)).Mul(adapter.Scale), adapter.B.Grad()!, $"{family} {adapter.Parameter} B");
        }
        Assert.All(adapted.Parameters, p => Assert.Null(p.Value.Grad()));
    }

    [Theory]
    [InlineData("attention")]
    [InlineData("q_proj,down_proj")]
    public void What_has_no_adapter_keeps_its_bits_and_the_others_move(string targets)
    {
        using var model = Load("phi3", DType.Float32);
        var before = model.Parameters.Select(p => GoldenTensors.DoublesOf(p.Value)).ToArray();
        var options = s_options with { Targets = LowRankTargets.Parse(targets.Split(',')) };
        Train(model, new() { Steps = 2, Batch = 2, WarmUp = 0, LowRank = options, Freeze = FrozenParts.Parse(["layer 0"]) });
        var adapted = model.Adapters.Select(adapter => adapter.Parameter).ToHashSet();
        model.MergeAdapters();
        Assert.Equal((model.Config.Layers - 1) * (targets == "attention" ? 4 : 2), adapted.Count);
        foreach (var ((parameter, value), was) in model.Parameters.Zip(before))
            Assert.Equal(!adapted.Contains(parameter), was.AsSpan().SequenceEqual(GoldenTensors.DoublesOf(value)));
    }

    [Theory]
    [InlineData(false, ComputeType.Float32)]
    [InlineData(true, ComputeType.Float32)]
    [InlineData(false, ComputeType.Bfloat16)]
    public void Interrupted_and_resumed_they_end_with_the_same_bits(bool muon, ComputeType compute)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "phi3"));
        using Decoder whole = Load("phi3", DType.Float32), begun = Load("phi3", DType.Float32), resumed = Load("phi3", DType.Float32);
        var options = new TrainingOptions
        {
            Steps = 6,
            Batch = 4,
            WarmUp = 0,
            LowRank = s_options,
            Compute = compute,
            Optimizer = muon ? new MuonOptions(new()) : new AdamWOptions(),
        };
        Train(whole, options);
        var store = new CheckpointStore(folder.Of("checkpoints"));
        using (var trainer = Loop(begun, options))
        {
            trainer.Every(4, _ => trainer.Finish());
            trainer.Run();
            store.Save(4, TrainerCheckpoint.Snapshot(trainer, checkpoint.Family));
        }
        using (var trainer = Loop(resumed, options with { LowRank = s_options with { Seed = 8 } }))
        {
            TrainerCheckpoint.Restore(trainer, checkpoint.Family, store.OpenLatest(_ => { })!);
            trainer.Run();
        }
        foreach (var model in new[] { whole, resumed })
            model.MergeAdapters();
        Assert.All(whole.Parameters.Zip(resumed.Parameters), pair =>
            Assert.Equal(GoldenTensors.DoublesOf(pair.First.Value), GoldenTensors.DoublesOf(pair.Second.Value)));
        // The weights were merged after products had rounded copies of them: those are made anew.
        resumed.Compute = compute;
        using var fresh = new Decoder(whole.Config, whole.Parameters.Select(p => KeyValuePair.Create(p.Parameter, p.Value.Clone())))
        {
            Compute = compute
        };
        Assert.Equal(Logits(fresh), Logits(resumed));
    }

    [ProcessorTheory]
    [InlineData(1, 4, false)]
    [InlineData(2, 0, false)]
    [InlineData(2, 0, true)]
    public void Replicas_and_passes_and_blocks_computed_twice_change_nothing(int replicas, int pass, bool checkpointing)
    {
        var options = new TrainingOptions { Steps = 3, Batch = 8, WarmUp = 0, LowRank = s_options, Layout = new(1, 1) };
        using Decoder alone = Load("llama-3.1", DType.Float64), together = Load("llama-3.1", DType.Float64);
        Train(alone, options);
        Train(together, options with { MicroBatch = pass, ActivationCheckpointing = checkpointing, Layout = new(replicas, 1) });
        foreach (var (one, other) in alone.Adapters.Zip(together.Adapters))
            foreach (var (mine, theirs) in one.Factors.Zip(other.Factors))
                GoldenTensors.AssertClose(GoldenTensors.DoublesOf(mine.Value), GoldenTensors.DoublesOf(theirs.Value), 1e-10, 0,
                    $"{one.Parameter} {mine.Name}");
    }

    [Fact]
    public void The_optimizer_holds_nothing_but_the_factors()
    {
        using var model = Load("llama-3.1", DType.Float32);
        using var trainer = Loop(model, new() { Steps = 1, Batch = 2, LowRank = s_options });
        var set = Assert.Single(trainer.Sets);
        Assert.Equal(2 * 7 * model.Config.Layers, set.Parameters.Count);
        Assert.Equal(
            model.Adapters.Sum(adapter => s_options.FactorsOf(adapter.B.Size(0), adapter.A.Size(1))),
            set.Parameters.Sum(p => p.Value.ElementCount));
        Assert.Equal(
            2 * set.Parameters.Sum(p => p.Value.ElementCount),
            Enumerable.Range(0, set.Parameters.Count).Sum(i => trainer.Optimizer.StateOf(i).Sum(state => state.Value.ElementCount)));
        Assert.Empty(trainer.Trained);
        trainer.Run();
        Assert.All(model.Parameters, p => Assert.Null(p.Value.Grad()));
    }

    [Fact]
    public void The_first_factor_is_uniform_within_the_root_of_its_inputs_and_goes_by_seed_and_place()
    {
        using Decoder first = Load("llama-3.1", DType.Float32), same = Load("llama-3.1", DType.Float64),
            other = Load("llama-3.1", DType.Float32);
        var wide = s_options with { Rank = 64 };
        wide.AttachTo(first, FrozenParts.None);
        (wide with { Targets = LowRankTargets.Parse(["mlp"]) }).AttachTo(same, FrozenParts.None);
        (wide with { Seed = 8 }).AttachTo(other, FrozenParts.None);
        var seen = new HashSet<double>();
        foreach (var (adapter, another) in first.Adapters.Zip(other.Adapters))
        {
            var values = GoldenTensors.DoublesOf(adapter.A);
            var (bound, n) = (1 / Math.Sqrt(adapter.A.Size(1)), values.Length);
            Assert.InRange(values.Max(), bound * 0.99, bound);
            Assert.InRange(values.Min(), -bound, -bound * 0.99);
            // Mean 0 and variance bound² / 3, within five standard errors of each.
            Assert.InRange(values.Average(), -5 * bound / Math.Sqrt(3 * n), 5 * bound / Math.Sqrt(3 * n));
            Assert.InRange(values.Average(v => v * v) * 3 / (bound * bound), 1 - 5 * Math.Sqrt(0.8 / n), 1 + 5 * Math.Sqrt(0.8 / n));
            Assert.True(seen.Add(values[0]));
            Assert.NotEqual(values, GoldenTensors.DoublesOf(another.A));
            Assert.All(GoldenTensors.DoublesOf(adapter.B), value => Assert.Equal(0, value));
        }
        Assert.All(same.Adapters, adapter => Assert.Equal(
            GoldenTensors.DoublesOf(first.Adapters.Single(mine => mine.Parameter == adapter.Parameter).A),
            GoldenTensors.DoublesOf(adapter.A)));
    }

    [Fact]
    public void Weights_are_not_written_beside_adapters()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var model = Adapted("llama-3.1", DType.Float32);
        Assert.Throws<InvalidOperationException>(() => DecoderWeights.Source(model, checkpoint.Family));
        model.MergeAdapters();
        Assert.NotNull(DecoderWeights.Source(model, checkpoint.Family));
    }

    private static Decoder Load(string family, DType dtype) => GoldenTensors.Load(Fixtures.Golden("families", family), dtype);

    private static Decoder Adapted(string family, DType dtype)
    {
        var model = Load(family, dtype);
        s_options.AttachTo(model, FrozenParts.None);
        Fill(model);
        return model;
    }

    /// <summary>Gives both factors numbers, the same in each type.</summary>
    private static void Fill(Decoder model)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        foreach (var (i, adapter) in model.Adapters.Index())
        {
            var numbers = new SeededNumbers(3, $"B {i}");
            var values = new float[adapter.B.ElementCount];
            numbers.FillUniform(values, 0.3);
            adapter.B.CopyInPlace(Tensor.From<float>(values, adapter.B.Shape).To(model.DType));
        }
    }

    private static double[] Logits(Decoder model)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        return GoldenTensors.DoublesOf(
            model.Logits(model.Forward(Tensor.From<long>([.. Enumerable.Range(1, 24).Select(i => i * 37L % 90)], 2, 12))));
    }

    private static int[] Generated(Decoder model)
    {
        using var weights = PackedWeights.Of(model);
        return [.. GeneratorBatch.Continue(weights, [[5, 9, 17]], 12, _ => new() { Temperature = 1, Seed = 5 }, new HashSet<int>(), 1)[0]];
    }

    private static void Accumulate(Decoder model, Action<Decoder> wanting)
    {
        model.RequiresGrad = false;
        wanting(model);
        var data = Data();
        var batch = data.Allocate(2);
        data.Fill(batch, 0);
        new LogitObjective(new CrossEntropy()).Accumulate(model, batch, 0.125);
    }

    private static void AssertNear(Tensor expected, Tensor found, string what)
    {
        var values = GoldenTensors.DoublesOf(expected);
        Assert.Contains(values, value => Math.Abs(value) > 1e-9);
        GoldenTensors.AssertClose(values, GoldenTensors.DoublesOf(found), 1e-11 * values.Max(Math.Abs), 1e-9, what);
    }

    private static PackedText Data()
    {
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 600).Select(i => i * i % 83), "ids", 90), 16);
        return new(windows, SampleOrder.Sequential(windows.Count));
    }

    private static Trainer Loop(Decoder model, TrainingOptions options) =>
        new(model, new LogitObjective(new CrossEntropy()), Data(), options);

    private static void Train(Decoder model, TrainingOptions options)
    {
        using var trainer = Loop(model, options);
        trainer.Run();
    }
}
