using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Parts;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Frozen;

/// <summary>Low-rank adaptation against PyTorch's, in float64: tests/golden/low-rank/README.md.</summary>
public sealed class LowRankGoldenTests : TorchTest
{
    private const double Alpha = 6;

    [Theory]
    [InlineData(DType.Float64, 0)]
    [InlineData(DType.Float64, 3)]
    [InlineData(DType.Float32, 0)]
    public void Ten_steps_follow_the_reference(DType dtype, int microBatch)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("low-rank", "trajectory_f64.safetensors"));
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, dtype);
        var reports = Train(golden, checkpoint, student, dtype, Alpha, microBatch);

        var f64 = dtype == DType.Float64;
        GoldenTensors.AssertClose(golden.Doubles("loss"), [.. reports.Select(r => r.Loss)], f64 ? 1e-9 : 0, f64 ? 0 : 1e-5, "loss");
        GoldenTensors.AssertClose(golden.Doubles("grad_norm"), [.. reports.Select(r => r.GradientNorm)], f64 ? 1e-8 : 0, f64 ? 0
            : 1e-4, "grad_norm");
        Assert.InRange(Farthest(golden, checkpoint, student), 0, f64 ? 1e-8 : 1e-4);

        student.MergeAdapters();
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var logits = student.Logits(student.Forward(golden.Ids("batches").Select(0, 0).Slice(0, 0, 1)));
        GoldenTensors.AssertClose(golden.Doubles("merged.logits"), GoldenTensors.DoublesOf(logits), f64 ? 1e-7 : 2e-3, 0, "merged logits");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Another_alpha_is_not_the_reference(double alpha)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("low-rank", "trajectory_f64.safetensors"));
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, DType.Float64);
        var reports = Train(golden, checkpoint, student, DType.Float64, alpha);
        Assert.InRange(reports[^1].Loss - golden.Doubles("loss")[^1] is var off ? Math.Abs(off) : 0, 1e-4, 1);
        Assert.InRange(Farthest(golden, checkpoint, student), 1e-5, 1);
    }

    private static List<StepReport> Train(
        GoldenTensors golden, Checkpoint checkpoint, Decoder student, DType dtype, double alpha, int microBatch = 0)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        // Windows of 32 inputs one after the other, so that step k sees exactly batch k.
        var ids = golden.Longs("batches").Append(0).Select(id => (int)id);
        var windows = new WindowSet(TokenIds.FromList(ids, "batches", 128), 32, WindowStride.Contiguous);
        using var trainer = new Trainer(
            student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new()
            {
                Steps = 10,
                Batch = 4,
                MicroBatch = microBatch,
                WarmUp = 2,
                WarmUpFromZero = true,
                LowRank = new(Rank: 4, alpha, LowRankTargets.All, Seed: 1),
            });
        Assert.Equal(7 * student.Config.Layers, student.Adapters.Count);
        using (var scope = TensorScope.Begin())
        using (GradMode.Disable())
            foreach (var adapter in student.Adapters)
            {
                var name = $"start.{NameOf(checkpoint, adapter, 'A')}";
                Assert.Equal(golden.Shape(name), adapter.A.Shape.ToArray());
                adapter.A.CopyInPlace(golden.Tensor64(name).To(dtype));
            }
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();
        return reports;
    }

    private static double Farthest(GoldenTensors golden, Checkpoint checkpoint, Decoder student) => student.Adapters.Max(adapter =>
        adapter.Factors.Max(factor => golden.Doubles($"final.{NameOf(checkpoint, adapter, factor.Name)}")
            .Zip(GoldenTensors.DoublesOf(factor.Value), (a, b) => Math.Abs(a - b)).Max()));

    private static string NameOf(Checkpoint checkpoint, LowRankAdapter adapter, char factor) =>
        LowRankOptions.NameOf(checkpoint.Family.NameOf(adapter.Parameter), factor);
}
