using System.Diagnostics;
using System.Globalization;
using Espalier.Compression.Runs;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Files;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>P10 and P11: a training checkpoint to the disk, and a model from it, against dd on the same disk.</summary>
internal static class CheckpointCases
{
    /// <summary>Weights and both moments of the 20m-16k student, again and again until there are some 400 MB.</summary>
    public static IEnumerable<Row> Save(CaseInput input)
    {
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { VocabularySize = 4096, HiddenSize = 768, IntermediateSize = 2048, Layers = 8 };
        using var model = DecoderWeights.Initialise(config, like.Family, seed: 0);
        using var setup = new PlainTrainer(model);
        var store = new CheckpointStore(work.At("checkpoints"), DurableFiles.OnDisk);
        var step = 0;
        IReadOnlyList<CheckpointPart> Snapshot() => TrainerCheckpoint.Snapshot(setup.Trainer, like.Family);
        var bytes = Directory.EnumerateFiles(store.Save(++step, Snapshot()).Folder).Sum(file => new FileInfo(file).Length);
        var blocks = bytes >> 20;
        Cost Blocking() => Cost.Of(() => store.Save(++step, Snapshot()));
        var parts = Snapshot();
        yield return Pairs.Measure(input.Pairs, 1, () => Cost.Of(() => store.Save(++step, parts)), () =>
                Dd("if=/dev/zero", $"of={work.At("dd")}", "bs=1M", $"count={blocks}", "conv=fsync"))
            .OtherOverOwn(input, "dd conv=fsync / save with checksum and fsync", 0.85, FormattableString.Invariant($"{bytes / 1e6:0} MB")) with
        { Processor = null };
        using var saver = new BackgroundSaver(store);
        yield return Pairs.Measure(input.Pairs, 1, () =>
        {
            var stall = Cost.Of(() => saver.Save(++step, Snapshot()));
            saver.Wait();
            return stall;
        }, Blocking).OwnOverOther(input, "stall of the loop / blocking save", 0.1) with
        { Processor = null };
    }

    /// <summary>A model of 0.5 GB, cold, until its first forward pass could begin.</summary>
    public static IEnumerable<Row> Load(CaseInput input)
    {
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { HiddenSize = 1024, IntermediateSize = 4096, Layers = 9 };
        CheckpointWriter.Write(work.At("model"), config, like, ElementType.F32, DecoderWeights.RandomSource(config, like.Family, seed: 0));
        var file = Directory.EnumerateFiles(work.At("model"), "*.safetensors").Single();
        var bytes = new FileInfo(file).Length;
        var resident = 0.0;
        void Forget() => Dd($"if={file}", "iflag=nocache", "count=0");
        void Own()
        {
            using var checkpoint = Checkpoint.Open(work.At("model"));
            Memory.ForgetPeak();
            var before = Memory.ResidentMiB;
            using var model = DecoderWeights.Load(checkpoint);
            resident = Memory.PeakMiB - before;
        }
        yield return Pairs.Measure(input.Pairs, 1, () =>
        {
            Forget();
            return Cost.Of(Own);
        }, () =>
        {
            Forget();
            return Dd($"if={file}", "of=/dev/null", "bs=1M");
        }).OtherOverOwn(input, "dd / load, cold", 0.85, FormattableString.Invariant($"{bytes / 1e6:0} MB")) with
        { Processor = null };
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "peak resident while loading / weights",
            Value = Quantiles.Exactly(resident * (1 << 20) / bytes),
            AtMost = 1.05,
        };
    }

    private static Cost Dd(params string[] arguments)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo("dd", [.. arguments, "status=none"]))!;
        process.WaitForExit();
        return process.ExitCode == 0
            ? new(Stopwatch.GetElapsedTime(started).TotalSeconds, 0)
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"dd {string.Join(' ', arguments)}: exit code {process.ExitCode}"));
    }
}
