using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>
/// Snapshots that are copied while training goes on. Here the thread that copies does not begin until everything else is done: what the
/// snapshot then holds was copied by whoever would have changed it.
/// </summary>
public sealed class SnapshotCopyTests : TorchTest, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _source = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
    private readonly ManualResetEventSlim _begins = new();
    private readonly Decoder _model;

    public SnapshotCopyTests() => _model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);

    void IDisposable.Dispose()
    {
        _begins.Set();
        _model.Dispose();
        _source.Dispose();
        _folder.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_next_step_changes_nothing_before_the_snapshot_has_it(bool muon)
    {
        var options = Options with { Optimizer = muon ? new MuonOptions(new AdamWOptions()) : new AdamWOptions() };
        using var trainer = TrainerOf(options);
        trainer.Step();
        var blocking = BytesOf(trainer);
        var snapshot = Snapshot(trainer);
        trainer.Step();
        _begins.Set();
        Assert.Equal(blocking, Bytes(snapshot));
        Assert.NotEqual(blocking, BytesOf(trainer));
    }

    [Fact]
    public void Weights_that_are_put_back_wait_for_the_snapshot()
    {
        using var trainer = TrainerOf(Options);
        trainer.Step();
        var store = new CheckpointStore(_folder.Path);
        var first = store.Save(1, TrainerCheckpoint.Snapshot(trainer, _source.Family));
        trainer.Step();
        var blocking = BytesOf(trainer);
        var snapshot = Snapshot(trainer);
        TrainerCheckpoint.Restore(trainer, _source.Family, first);
        _begins.Set();
        Assert.Equal(blocking, Bytes(snapshot));
        Assert.NotEqual(blocking, BytesOf(trainer));
    }

    [Fact]
    public void Moments_are_freed_after_the_snapshot_has_them()
    {
        IReadOnlyList<CheckpointPart> snapshot;
        byte[] blocking;
        using (var trainer = TrainerOf(Options))
        {
            trainer.Step();
            blocking = BytesOf(trainer);
            snapshot = Snapshot(trainer);
        }
        _begins.Set();
        Assert.Equal(blocking, Bytes(snapshot));
    }

    [Fact]
    public void What_goes_wrong_in_the_copy_surfaces_where_it_is_saved_and_the_training_goes_on()
    {
        using var trainer = TrainerOf(Options);
        trainer.Step();
        using var gone = _model.Parameters[0].Value.Clone();
        var copy = new SnapshotCopy([(gone, 0, new byte[4]), (trainer.Trained[0].Value, 0, new byte[4])], _begins.Wait);
        gone.Dispose();
        trainer.KeepFor(copy);
        trainer.Step();
        _begins.Set();
        Assert.Equal(2, trainer.State.Step);

        using var saver = new BackgroundSaver(new(_folder.Path));
        saver.Save(1, [new("state", _ => copy.Complete())]);
        Assert.Throws<ObjectDisposedException>(saver.Wait);
        Assert.Empty(Directory.GetDirectories(_folder.Path));
    }

    private static TrainingOptions Options => new() { Steps = 4, Batch = 2, LearningRate = 1e-3, MinLearningRate = 1e-3, WarmUp = 0 };

    private Trainer TrainerOf(TrainingOptions options)
    {
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 400).Select(i => i * 7 % 64), "ids", 64), 16);
        return new(_model, new LogitObjective(new CrossEntropy()), new PackedText(windows, SampleOrder.Shuffled(windows.Count, 4)),
            options);
    }

    private IReadOnlyList<CheckpointPart> Snapshot(Trainer trainer) =>
        TrainerCheckpoint.Snapshot(trainer, _source.Family, copying: _begins.Wait);

    private byte[] BytesOf(Trainer trainer) => Bytes(TrainerCheckpoint.Snapshot(trainer, _source.Family));

    private static byte[] Bytes(IReadOnlyList<CheckpointPart> parts)
    {
        using var all = new MemoryStream();
        foreach (var part in parts)
            part.Write(all);
        return all.ToArray();
    }
}
