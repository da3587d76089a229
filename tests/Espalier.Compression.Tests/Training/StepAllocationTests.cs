using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>
/// Managed bytes of a step in steady state, which do not depend on the model's size; docs/performance.md says what they are.
/// Under ESPALIER_GUARD=1 objects do not serve again, and these fail.
/// </summary>
public sealed class StepAllocationTests : TorchTest
{
    private const int Steps = 16, WarmUp = 6;

    [ProcessorTheory]
    [InlineData("forward-kl", ComputeType.Float32, false, 1, 0)]
    [InlineData("forward-kl", ComputeType.Bfloat16, false, 1, 0)]
    [InlineData("cross-entropy", ComputeType.Float32, false, 1, 0)]
    [InlineData("forward-kl", ComputeType.Float32, true, 1, 11_000)]
    [InlineData("forward-kl", ComputeType.Float32, false, 1, 0, true)]
    [InlineData("forward-kl", ComputeType.Float32, false, 2, 1_000)]
    [InlineData("forward-kl", ComputeType.Bfloat16, false, 2, 1_000)]
    public void A_step_allocates_no_more_than(string loss, ComputeType compute, bool checkpointing, int replicas, long most,
        bool muon = false)
    {
        using var teacher = GoldenTensors.Load(Teacher, Torch.DType.Float32);
        using var student = GoldenTensors.Load(Teacher, Torch.DType.Float32);
        var windows = new WindowSet(TokenIds.Parse(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"), 4096), 16);
        var objective = loss == "forward-kl"
            ? new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher))
            : new LogitObjective(new CrossEntropy());
        using var trainer = new Trainer(student, objective, new PackedText(windows, SampleOrder.Shuffled(windows.Count, 1)), new()
        {
            Steps = Steps,
            Batch = 2,
            LearningRate = 1e-4,
            MinLearningRate = 1e-4,
            WarmUp = 0,
            Compute = compute,
            ActivationCheckpointing = checkpointing,
            Layout = new(replicas, 1),
            Optimizer = muon ? new MuonOptions(new AdamWOptions()) : new AdamWOptions(),
        });
        var (least, before) = (long.MaxValue, 0L);
        trainer.Every(1, report =>
        {
            // The least of some: another thread's compilation or a table that grows is no part of a step.
            if (report.Step > WarmUp)
                least = Math.Min(least, Allocated() - before);
            before = Allocated();
        });
        trainer.Run();
        Assert.InRange(least, 0, most);

        // Replicas have threads of their own.
        long Allocated() => replicas == 1 ? GC.GetAllocatedBytesForCurrentThread() : GC.GetTotalAllocatedBytes(precise: true);
    }

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
}
