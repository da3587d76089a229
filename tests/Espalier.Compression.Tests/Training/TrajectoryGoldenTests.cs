using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>Ten distillation steps against float64 transformers and torch's AdamW: tests/golden/distillation/README.md.</summary>
public sealed class TrajectoryGoldenTests : TorchTest
{
    [Theory]
    [InlineData(DType.Float64, 0)]
    [InlineData(DType.Float64, 2)]
    [InlineData(DType.Float64, 3)] // and one
    [InlineData(DType.Float32, 0)]
    public void Ten_steps_follow_the_reference(DType dtype, int microBatch)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("distillation", "trajectory_f64.safetensors"));
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, dtype);
        using var trainer = new Trainer(student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)), Batches(golden), new()
        {
            Steps = 10,
            Batch = 4,
            MicroBatch = microBatch,
            WarmUp = 2,
            WarmUpFromZero = true,
            DecayEmbedding = false,
        });
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();

        var f64 = dtype == DType.Float64;
        GoldenTensors.AssertClose(golden.Doubles("lr"), [.. reports.Select(r => r.LearningRate)], 1e-18, 1e-12, "lr");
        GoldenTensors.AssertClose(golden.Doubles("loss"), [.. reports.Select(r => r.Loss)], f64 ? 1e-9 : 0, f64 ? 0 : 1e-5, "loss");
        GoldenTensors.AssertClose(golden.Doubles("grad_norm"), [.. reports.Select(r => r.GradientNorm)], f64 ? 1e-8 : 0, f64 ? 0
            : 1e-5, "grad_norm");
        double sum = 0, count = 0;
        foreach (var (parameter, value) in student.Parameters)
        {
            var name = $"final.{checkpoint.Family.NameOf(parameter)}";
            var (expected, actual) = (golden.Doubles(name), GoldenTensors.DoublesOf(value));
            GoldenTensors.AssertClose(expected, actual, f64 ? 1e-8 : 2e-5, 0, name);
            sum += expected.Zip(actual, (a, b) => Math.Abs(a - b)).Sum();
            count += expected.Length;
        }
        Assert.True(sum / count < 1e-6, $"mean difference {sum / count}");
    }

    // Windows of 32 inputs one after the other, so that step k sees exactly batch k.
    private static PackedText Batches(GoldenTensors golden)
    {
        var ids = golden.Longs("batches").Append(0).Select(id => (int)id);
        var windows = new WindowSet(TokenIds.FromList(ids, "batches", 128), 32, WindowStride.Contiguous);
        return new(windows, SampleOrder.Sequential(windows.Count));
    }
}
