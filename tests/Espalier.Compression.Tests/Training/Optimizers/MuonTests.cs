using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Parts;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Optimizers;

/// <summary>Muon against torch's, in float64: tests/golden/muon/README.md.</summary>
public sealed class MuonTests : TorchTest
{
    private static readonly MuonOptions s_muon = new(new AdamWOptions());

    [Theory]
    [InlineData(DType.Float64, 0)]
    [InlineData(DType.Float64, 3)]
    [InlineData(DType.Float32, 0)]
    public void Ten_steps_follow_the_reference(DType dtype, int microBatch)
    {
        using var golden = Golden();
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, dtype);
        using var trainer = Loop(golden, student, teacher, s_muon, microBatch);
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();

        var f64 = dtype == DType.Float64;
        GoldenTensors.AssertClose(golden.Doubles("loss"), [.. reports.Select(r => r.Loss)], f64 ? 1e-9 : 0, f64 ? 0 : 1e-5, "loss");
        GoldenTensors.AssertClose(golden.Doubles("grad_norm"), [.. reports.Select(r => r.GradientNorm)], f64 ? 1e-8 : 0, f64 ? 0
            : 1e-4, "grad_norm");
        Assert.InRange(Farthest(golden, checkpoint, student), 0, f64 ? 1e-8 : 1e-4);
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(0)]
    public void Another_momentum_is_not_the_reference(double momentum)
    {
        using var golden = Golden();
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, DType.Float64);
        using var trainer = Loop(golden, student, teacher, s_muon with { Momentum = momentum });
        trainer.Run();
        Assert.InRange(Farthest(golden, checkpoint, student), 1e-4, 1);
    }

    [Fact]
    public void Interrupted_and_resumed_it_ends_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        using var golden = Golden();
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using Decoder whole = Student(checkpoint), begun = Student(checkpoint), resumed = Student(checkpoint);
        using (var trainer = Loop(golden, whole, teacher, s_muon))
            trainer.Run();

        var store = new CheckpointStore(folder.Of("checkpoints"));
        using (var trainer = Loop(golden, begun, teacher, s_muon))
        {
            trainer.Every(6, _ => trainer.Finish());
            trainer.Run();
            store.Save(6, TrainerCheckpoint.Snapshot(trainer, checkpoint.Family));
        }
        using (var trainer = Loop(golden, resumed, teacher, s_muon))
        {
            TrainerCheckpoint.Restore(trainer, checkpoint.Family, store.OpenLatest(_ => { })!);
            trainer.Run();
            Assert.Equal(10, trainer.State.Updates);
        }
        Assert.All(whole.Parameters.Zip(resumed.Parameters), pair =>
            Assert.Equal(GoldenTensors.DoublesOf(pair.First.Value), GoldenTensors.DoublesOf(pair.Second.Value)));
    }

    [Fact]
    public void A_matrix_has_momentum_alone_and_frozen_parts_stay_without_any()
    {
        using var golden = Golden();
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = Student(checkpoint);
        var before = student.Parameters.Select(p => GoldenTensors.DoublesOf(p.Value)).ToArray();
        using var trainer = Loop(golden, student, teacher, s_muon, freeze: FrozenParts.Parse(["attention", "embedding"]));
        trainer.Run();
        foreach (var (i, (parameter, _)) in trainer.Trained.Index())
            Assert.Equal(
                parameter.Layer >= 0 && parameter.Role.ToString().Contains("Proj", StringComparison.Ordinal) ? ["momentum"]
                    : ["first-moment", "second-moment"],
                trainer.Optimizer.StateOf(i).Select(state => state.Name));
        var trained = trainer.Trained.Select(p => p.Parameter).ToHashSet();
        foreach (var ((parameter, value), was) in student.Parameters.Zip(before))
            Assert.Equal(!trained.Contains(parameter), was.AsSpan().SequenceEqual(GoldenTensors.DoublesOf(value)));
    }

    [Fact]
    public void A_rate_of_a_lower_layer_shrinks_by_its_factor()
    {
        using var golden = Golden();
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using Decoder all = DecoderWeights.Load(checkpoint, DType.Float64), less = DecoderWeights.Load(checkpoint, DType.Float64);
        using var start = DecoderWeights.Load(checkpoint, DType.Float64);
        foreach (var (student, decay) in new[] { (all, 1.0), (less, 0.5) })
            using (var trainer = Loop(golden, student, teacher, s_muon, layerDecay: decay, steps: 2))
                trainer.Run();
        foreach (var (i, (parameter, value)) in start.Parameters.Index())
        {
            double[] from = GoldenTensors.DoublesOf(value), to = GoldenTensors.DoublesOf(all.Parameters[i].Value),
            near = GoldenTensors.DoublesOf(less.Parameters[i].Value);
            var factor = LayerDecay.FactorOf(parameter, checkpoint.Config.Layers, 0.5);
            GoldenTensors.AssertClose([.. to.Zip(from, (a, b) => factor * (a - b))], [.. near.Zip(from, (a, b) => a - b)], 1e-12, 0,
                $"{parameter}");
        }
    }

    private static GoldenTensors Golden() => new(Fixtures.Golden("muon", "trajectory_f64.safetensors"));

    private static Decoder Student(Checkpoint checkpoint) => DecoderWeights.Load(checkpoint, DType.Float32);

    private static double Farthest(GoldenTensors golden, Checkpoint checkpoint, Decoder student) => student.Parameters.Max(p =>
        golden.Doubles($"final.{checkpoint.Family.NameOf(p.Parameter)}").Zip(GoldenTensors.DoublesOf(p.Value), (a, b) => Math.Abs(a - b))
            .Max());

    private static Trainer Loop(
        GoldenTensors golden, Decoder student, Decoder teacher, MuonOptions muon, int microBatch = 0, FrozenParts? freeze = null,
        double layerDecay = 1, long steps = 10)
    {
        // Windows of 32 inputs one after the other, so that step k sees exactly batch k.
        var ids = golden.Longs("batches").Append(0).Select(id => (int)id);
        var windows = new WindowSet(TokenIds.FromList(ids, "batches", 128), 32, WindowStride.Contiguous);
        return new(
            student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new()
            {
                Steps = steps,
                Batch = 4,
                MicroBatch = microBatch,
                WarmUp = steps < 3 ? 1 : 2,
                WarmUpFromZero = true,
                DecayEmbedding = false,
                Optimizer = muon,
                Freeze = freeze ?? FrozenParts.None,
                LayerDecay = layerDecay,
            });
    }
}
