using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

public sealed class AlignedTeacherTests : TorchTest
{
    private static readonly long[] s_ids = [.. Enumerable.Range(0, 33).Select(i => (long)(i * i % 99))];

    /// <summary>Rows from 100 on stand for nothing: whatever is in them, neither the loss nor a gradient shows it.</summary>
    [Fact]
    public void What_lies_beyond_the_shared_vocabulary_gets_no_probability_on_either_side()
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float64);
        student.RequiresGrad = true;
        var (loss, gradient) = Step(student, teacher);
        Fill(teacher.Head.Weight, 5.0);
        Fill(student.Head.Weight, -3.0);
        var (other, otherGradient) = Step(student, teacher);

        Assert.Equal(loss, other, 1e-12);
        GoldenTensors.AssertClose(gradient, otherGradient, 1e-15, 1e-12, "gradient of the norm");
        using var scope = TensorScope.Begin();
        Assert.All(GoldenTensors.DoublesOf(student.Head.Weight.Grad()!.Slice(0, 100, 128).Clone()), slope => Assert.Equal(0, slope));
        Assert.Contains(GoldenTensors.DoublesOf(student.Head.Weight.Grad()!.Slice(0, 0, 100).Clone()), slope => slope != 0);
    }

    [Fact]
    public void A_tied_student_stays_tied_through_a_step_of_distillation_and_its_folder_has_no_head()
    {
        using var folder = new TemporaryFolder();
        using var source = Checkpoint.Open(Fixtures.Golden("families", "llama-3.2-tied"));
        Assert.True(source.Config.TiedEmbeddings);
        using var teacher = DecoderWeights.Load(source, DType.Float32);
        using var student = DecoderWeights.Initialise(source.Config, source.Family, seed: 3);
        var before = GoldenTensors.DoublesOf(student.Embedding);
        var windows = new WindowSet(
            TokenIds.FromList(Enumerable.Range(0, 200).Select(i => i * i % source.Config.VocabularySize), "ids",
                source.Config.VocabularySize), 16);
        using (var trainer = new Trainer(student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new() { Steps = 1, Batch = 2, WarmUp = 0 }))
            trainer.Run();

        Assert.Same(student.Embedding, student.Head.Weight);
        Assert.NotEqual(before, GoldenTensors.DoublesOf(student.Embedding));
        var written = folder.Of("student");
        CheckpointWriter.Write(written, student.Config, source, ElementType.F32, DecoderWeights.Source(student, source.Family));
        using var exported = Checkpoint.Open(written);
        Assert.True(exported.Config.TiedEmbeddings);
        Assert.DoesNotContain(exported.Entries.Keys, name => name.Contains("lm_head", StringComparison.Ordinal));
        using var reloaded = DecoderWeights.Load(exported, DType.Float32);
        Assert.Same(reloaded.Embedding, reloaded.Head.Weight);
        Assert.Equal(GoldenTensors.DoublesOf(student.Head.Weight), GoldenTensors.DoublesOf(reloaded.Head.Weight));
    }

    private static (double Loss, double[] Gradient) Step(Decoder student, Decoder teacher)
    {
        using var scope = TensorScope.Begin();
        Gradients.Clear([.. student.Parameters.Select(parameter => parameter.Value)]);
        var objective = new LogitObjective(new ForwardKl(), new AlignedTeacher(new OnlineTeacher(teacher), 100));
        var sum = objective.Accumulate(student, new([0], s_ids[..^1], s_ids[1..], 2, 16), 1.0 / 32).Sum;
        return (sum,
            GoldenTensors.DoublesOf(
                student.Parameters.First(parameter => parameter.Parameter.Role == ParameterRole.FinalNorm).Value.Grad()!));
    }

    private static void Fill(Tensor head, double value)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        head.Slice(0, 100, 128).FillInPlace(value);
    }
}
