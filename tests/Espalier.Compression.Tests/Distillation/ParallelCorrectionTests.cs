using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>One loop that trains student and teacher, against the two steps that it stands for.</summary>
public sealed class ParallelCorrectionTests : TorchTest
{
    private const double Factor = 0.2;

    private static readonly WindowSet s_windows = new(TokenIds.FromList(Enumerable.Range(0, 3000).Select(i => i * i % 127), "ids", 128),
        16);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_step_is_the_teachers_own_step_and_the_students_step_from_the_teacher_before_it(int microBatch)
    {
        using var teacher = Teacher();
        using var student = Student();
        using (var both = Loop(student, teacher, steps: 1, microBatch))
            both.Run();

        // The student's step alone, from a teacher that stays; and the teacher's step alone, at its own rate.
        using var still = Teacher();
        using var alone = Student();
        using (var trainer = new Trainer(alone, new LogitObjective(new ForwardKl(), new OnlineTeacher(still)), Reader(),
            Options(1, microBatch)))
            trainer.Run();
        using (var trainer = new Trainer(still, new LogitObjective(new CrossEntropy()), Reader(),
            Options(1, microBatch) with { LearningRate = Factor * 1e-2, MinLearningRate = Factor * 1e-3 }))
            trainer.Run();

        AssertSame(alone, student);
        AssertSame(still, teacher);
    }

    [Fact]
    public void The_report_has_both_losses_and_the_student_hears_a_teacher_that_changes()
    {
        using var teacher = Teacher();
        using var student = Student();
        using var frozen = Teacher();
        using var other = Student();
        var (moving, still) = (new List<StepReport>(), new List<StepReport>());
        using (var trainer = Loop(student, teacher, steps: 12))
        {
            trainer.Every(1, moving.Add);
            trainer.Run();
        }
        using (var trainer = new Trainer(other, new LogitObjective(new ForwardKl(), new OnlineTeacher(frozen)), Reader(), Options(12)))
        {
            trainer.Every(1, still.Add);
            trainer.Run();
        }
        Assert.Equal(still[0].Loss, moving[0].Loss, 1e-12);
        Assert.NotEqual(still[2].Loss, moving[2].Loss, 1e-6);
        Assert.All(moving, report => Assert.Equal(["teacher"], report.Parts.Select(part => part.Name)));
        Assert.True(moving[^1].Parts[0].Value < moving[0].Parts[0].Value - 0.05,
            $"the teacher's loss went from {moving[0].Parts[0].Value} to {moving[^1].Parts[0].Value}");
    }

    [Fact]
    public void The_teacher_is_clipped_by_its_own_norm()
    {
        // A student whose gradients are enormous must not shrink the teacher's step.
        using var teacher = Teacher();
        using var student = Student();
        using (GradMode.Disable())
            student.Head.Weight.MulInPlace(1000);
        using (var both = Loop(student, teacher, steps: 1))
            both.Run();
        using var alone = Teacher();
        using (var trainer = new Trainer(alone, new LogitObjective(new CrossEntropy()), Reader(),
            Options(1) with { LearningRate = Factor * 1e-2, MinLearningRate = Factor * 1e-3 }))
            trainer.Run();
        AssertSame(alone, teacher);
    }

    [Fact]
    public void A_teacher_that_overflows_stops_both_and_changes_no_weight()
    {
        using var teacher = Teacher();
        using var student = Student();
        teacher.Head.Weight.FillInPlace(double.NaN);
        var before = GoldenTensors.DoublesOf(student.Embedding);
        var embedding = GoldenTensors.DoublesOf(teacher.Embedding);
        using var trainer = Loop(student, teacher, steps: 20);
        Assert.Contains("steps in a row", Assert.Throws<NotFiniteException>(() => trainer.Run()).Message);
        Assert.Equal(before, GoldenTensors.DoublesOf(student.Embedding));
        Assert.Equal(embedding, GoldenTensors.DoublesOf(teacher.Embedding));
    }

    [Fact]
    public void Interrupted_and_resumed_both_end_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        using var teacher = Teacher();
        using var student = Student();
        using (var trainer = Loop(student, teacher, steps: 8))
            trainer.Run();

        var store = new CheckpointStore(folder.Of("checkpoints"));
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using (var first = Teacher())
        using (var begun = Student())
        using (var trainer = Loop(begun, first, steps: 8))
        {
            using var stop = new CancellationTokenSource();
            trainer.Every(1, report =>
            {
                if (report.Step == 5)
                    stop.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => trainer.Run(stop.Token));
            store.Save(5, TrainerCheckpoint.Snapshot(trainer, source.Family));
        }
        using var resumedTeacher = Teacher();
        using var resumed = Student();
        using (var trainer = Loop(resumed, resumedTeacher, steps: 8))
        {
            TrainerCheckpoint.Restore(trainer, source.Family, store.OpenLatest(_ => { })!);
            Assert.Equal(5, trainer.State.Step);
            trainer.Run();
        }
        foreach (var (one, other) in new[] { (student, resumed), (teacher, resumedTeacher) })
            Assert.All(one.Parameters.Zip(other.Parameters),
                pair => Assert.Equal(GoldenTensors.DoublesOf(pair.First.Value), GoldenTensors.DoublesOf(pair.Second.Value)));
    }

    private static Decoder Teacher() => GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);

    private static Decoder Student() => GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float64);

    private static PackedText Reader() => new(s_windows, SampleOrder.Shuffled(s_windows.Count, 4));

    private static TrainingOptions Options(long steps, int microBatch = 0) =>
        new()
        {
            Steps = steps,
            Batch = 4,
            MicroBatch = microBatch,
            Layout = new(1, TorchRuntime.Threads),
            LearningRate = 1e-2,
            MinLearningRate = 1e-3,
            WarmUp = 0,
            SkipLimit = 2
        };

    private static Trainer Loop(Decoder student, Decoder teacher, long steps, int microBatch = 0) => new(
        student, new ParallelCorrection(teacher, Factor, live => new LogitObjective(new ForwardKl(), live)), Reader(),
        Options(steps, microBatch));

    /// <summary>Equal but for the product of rate and factor, which rounds once more than a rate given as it is.</summary>
    private static void AssertSame(Decoder expected, Decoder actual)
    {
        foreach (var ((parameter, value), (_, other)) in expected.Parameters.Zip(actual.Parameters))
            GoldenTensors.AssertClose(GoldenTensors.DoublesOf(value), GoldenTensors.DoublesOf(other), 1e-15, 1e-14, parameter.ToString());
    }
}
