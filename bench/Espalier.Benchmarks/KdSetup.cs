using System.Runtime.InteropServices;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Speeds;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;

namespace Espalier.Benchmarks;

/// <summary>The distillation that a folder of the peer's <c>--write</c> describes: teacher, student and batches.</summary>
internal sealed class KdSetup : IDisposable
{
    internal KdSetup(string folder, int steps, bool bfloat16 = false, int? windowsOfAPass = null)
    {
        using var teacher = Checkpoint.Open(Path.Combine(folder, "teacher"));
        using var student = Checkpoint.Open(Path.Combine(folder, "student"));
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        (Teacher, Student) = (DecoderWeights.Load(teacher), DecoderWeights.Load(student));
        var shape = batches.Entries["ids"].Shape;
        (Sequence, Tokens) = ((int)shape[2], shape[1] * shape[2]);
        int[] ids = MemoryMarshal.Cast<byte, int>(batches.ReadBytes("ids")).ToArray();
        var windows = new WindowSet(TokenIds.FromList(ids.Append(0), "batches", Teacher.Config.VocabularySize), Sequence,
            WindowStride.Contiguous);
        Teacher.Compute = bfloat16 ? ComputeType.Bfloat16 : ComputeType.Float32;
        Trainer = new(Student, new LogitObjective(new ForwardKl(), new OnlineTeacher(Teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new()
            {
                Steps = steps,
                Batch = (int)shape[1],
                MicroBatch = windowsOfAPass ?? PassSize.Of((int)shape[1], Sequence, Teacher.Compute),
                LearningRate = 1e-3,
                MinLearningRate = 1e-3,
                WarmUp = 0,
                Compute = bfloat16 ? ComputeType.Bfloat16 : ComputeType.Float32,
            });
    }

    internal Decoder Teacher { get; }

    internal Decoder Student { get; }

    internal Trainer Trainer { get; }

    internal int Sequence { get; }

    /// <summary>Positions of a step.</summary>
    internal long Tokens { get; }

    public void Dispose()
    {
        Trainer.Dispose();
        Student.Dispose();
        Teacher.Dispose();
    }
}
