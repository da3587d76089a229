using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Profiling;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

public sealed class StepProfilerTests : TorchTest
{
    [Fact]
    public void Phases_add_up_to_the_step_and_the_first_step_is_left_out()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 500).Select(i => i % 128), "ids", 128), 16);
        using var trainer = new Trainer(
            model, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new() { Steps = 4, Batch = 2 });
        var operations = StepOperations.Of(model.Config, teacher.Config, learns: false, 16);
        trainer.Profiler = new(operations);
        Assert.Null(trainer.Profiler.Report("distill", 1e9));
        var seconds = 0.0;
        trainer.Every(1, report => seconds += report.Step > 1 ? report.Seconds : 0);
        trainer.Run();

        var profile = trainer.Profiler.Report("distill", 1e9)!;
        Assert.Equal((3, 32), (profile.Steps, profile.Tokens));
        Assert.Equal(1, profile.Phases.Sum(phase => phase.Share), 1e-9);
        Assert.Equal(profile.Seconds, profile.Phases.Sum(phase => phase.Seconds), 1e-9);
        Assert.True(profile.Seconds * 3 <= seconds, $"{profile.Seconds * 3} of {seconds} s");
        Assert.Equal(profile.ManagedBytes, profile.Phases.Sum(phase => phase.ManagedBytes), 1e-6);
        Assert.Equal(profile.Gflops, profile.ShareOfProduct, 1e-9);
        foreach (var phase in profile.Phases)
        {
            Assert.True(phase.Phase == StepPhase.Other || phase.Seconds > 0, $"{phase.Phase} took no time");
            Assert.Equal(operations.Of(phase.Phase) > 0, phase.Gflops is not null);
        }
    }

    [Fact]
    public void Operations_by_phase_are_those_of_the_whole_step()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        var (own, guide) = (model.Config.ForwardFlopsPerToken(16), teacher.Config.ForwardFlopsPerToken(16));
        Assert.Equal(3 * own, StepOperations.Of(model.Config, null, learns: false, 16).Total, 1e-6);
        Assert.Equal(3 * own + guide, StepOperations.Of(model.Config, teacher.Config, learns: false, 16).Total, 1e-6);
    }

    [Fact]
    public void A_phase_without_a_profiler_is_nothing()
    {
        // The first one pays for what the class sets up.
        StepProfiler.Enter(StepPhase.Head).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            using (StepProfiler.Enter(StepPhase.Head))
            {
            }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Page_faults_are_the_tenth_field_whatever_the_programs_name_is()
    {
        Assert.Equal(4321, PageFaults.Parse("17 (a) b) (c) R 1 2 3 4 5 6 4321 0 7 0 1 2"u8));
        Assert.Equal(0, PageFaults.Parse(""u8));
        Assert.True(PageFaults.OfThisProcess() > 0);
    }
}
