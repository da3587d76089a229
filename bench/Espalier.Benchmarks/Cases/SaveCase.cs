using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// P10: a training checkpoint of some 550 MB (weights and both moments) to the disk, against dd on the same disk; and how much later the
/// step after one ends than without it, against a blocking save. Both sides end with everything on the disk, and what one replaces is gone
/// before it starts.
/// </summary>
internal static class SaveCase
{
    public static IEnumerable<Row> Run(CaseInput input)
    {
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { VocabularySize = 4096, HiddenSize = 768, IntermediateSize = 2048, Layers = 8 };
        using var model = DecoderWeights.Initialise(config, like.Family, seed: 0);
        using var setup = new PlainTrainer(model, steps: int.MaxValue, batch: 1);
        void Step() => setup.Trainer.Step();
        var step = 0;
        // As a run does it: every snapshot lies where the one before lay.
        var memory = new SnapshotMemory();
        IReadOnlyList<CheckpointPart> Snapshot() => TrainerCheckpoint.Snapshot(setup.Trainer, like.Family, memory);
        CheckpointStore Fresh()
        {
            var folder = work.At($"checkpoints-{++step}");
            foreach (var old in Directory.EnumerateDirectories(work.Path, "checkpoints-*"))
                Directory.Delete(old, recursive: true);
            File.Delete(work.At("dd"));
            return new(folder);
        }
        var parts = Snapshot();
        var bytes = Directory.EnumerateFiles(Fresh().Save(1, parts).Folder).Sum(file => new FileInfo(file).Length);
        yield return Pairs.Measure(input.Pairs, 1, () =>
            {
                var store = Fresh();
                return Cost.Of(() => store.Save(1, parts));
            }, () =>
            {
                _ = Fresh();
                return Disk.Dd("if=/dev/zero", $"of={work.At("dd")}", "bs=1M", $"count={bytes >> 20}", "conv=fsync");
            })
            .OtherOverOwn(input, "dd conv=fsync / save with checksum and fsync", 0.85, FormattableString.Invariant($"{bytes / 1e6:0} MB"))
            with
        { Processor = null };
        // How much later the next step ends. As short a step as there may be: a longer one has more time to copy in.
        Cost Delay(Action checkpoint)
        {
            Step();
            var without = Cost.Of(Step);
            var with = Cost.Of(() =>
            {
                checkpoint();
                Step();
            });
            return with - (without + Cost.Of(Step)) / 2;
        }
        Cost DelayOfCopy()
        {
            // A step on a machine with other work is seldom as long as the one before: the middle one of five.
            Cost[] delays = [.. Enumerable.Range(0, 5).Select(_ => Delay(() => Snapshot())).OrderBy(delay => delay.Wall)];
            return delays[delays.Length / 2];
        }
        Cost Blocking()
        {
            var store = Fresh();
            return Cost.Of(() => store.Save(1, Snapshot()));
        }
        yield return Pairs.Measure(input.Pairs, 1, DelayOfCopy, Blocking)
            .OwnOverOther(input, "stall of the loop / blocking save", 0.1) with
        { Processor = null };
        yield return Pairs.Measure(input.Pairs, 1, () =>
            {
                using var saver = new BackgroundSaver(Fresh());
                return Delay(() => saver.Save(1, Snapshot()));
            }, Blocking)
            .OwnOverOther(input, "the same, with the file written beside the step / blocking save", null) with
        { Processor = null };
    }
}
