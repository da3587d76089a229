using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>What a loop holds on to from step to step: nothing. bench/run long measures 2,000 steps of a whole process.</summary>
public sealed class SteadyStateTests : TorchTest
{
    [Fact]
    public void Steps_leave_no_tensors_and_no_managed_memory_behind()
    {
        var held = new List<(long Tensors, long Managed)>();
        Train(60, trainer => trainer.Every(20, _ => held.Add((TorchRuntime.LiveTensors, GC.GetTotalMemory(forceFullCollection: true)))));
        Assert.Equal(3, held.Count);
        Assert.Equal(held[0].Tensors, held[2].Tensors);
        // 40 steps allocate some megabytes; lists that double once are not a leak.
        Assert.InRange(held[2].Managed - held[1].Managed, long.MinValue, 64 << 10);
    }

    [Fact]
    public void Snapshots_of_a_loop_lie_in_the_memory_of_the_one_before()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        var memory = new SnapshotMemory();
        var allocated = new List<long>();
        var bytes = 0L;
        Train(3, trainer => trainer.Every(1, _ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            TrainerCheckpoint.Snapshot(trainer, source.Family, memory);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            bytes = 3 * trainer.Trained.Sum(parameter => parameter.Value.ElementCount * parameter.Value.DType.Size());
        }));
        Assert.InRange(allocated[0], bytes, long.MaxValue);
        Assert.InRange(allocated[1], 0, bytes / 2);
        Assert.InRange(allocated[2], 0, bytes / 2);
    }

    [Fact]
    public void A_snapshot_in_many_arrays_is_the_file_of_one_in_few()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        byte[] Bytes(Trainer trainer, SnapshotMemory memory)
        {
            using var all = new MemoryStream();
            foreach (var part in TrainerCheckpoint.Snapshot(trainer, source.Family, memory))
                part.Write(all);
            return all.ToArray();
        }
        var compared = 0;
        Train(2, trainer => trainer.Every(1, _ =>
        {
            var whole = Bytes(trainer, new());
            Assert.Equal(whole, Bytes(trainer, new(piece: 1000)));
            Assert.Equal(whole, Bytes(trainer, new(piece: 1)));
            compared = whole.Length;
        }));
        Assert.InRange(compared, 10_000, int.MaxValue);
    }

    private static void Train(int steps, Action<Trainer> with)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        var ids = Enumerable.Range(0, 400).Select(i => i * 7 % 64);
        var windows = new WindowSet(TokenIds.FromList(ids, "ids", teacher.Config.VocabularySize), 16);
        using var trainer = new Trainer(
            student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Shuffled(windows.Count, 4)),
            new() { Steps = steps, Batch = 2, LearningRate = 1e-3, MinLearningRate = 1e-3, WarmUp = 0 });
        with(trainer);
        trainer.Run();
    }
}
