using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// P12: what reading a batch takes of a step, and how long a place in 10⁹ tokens takes to find: in a file that was opened before, as each
/// start of a run but the first does, and in a new one.
/// </summary>
internal static class DataCase
{
    private const int Steps = 12, Batch = 4, Sequence = 256;
    private const string Many = "10^9 tokens, shuffled";

    public static IEnumerable<Row> Run(CaseInput input)
    {
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        using var teacher = BundledTeacher.Load();
        using var checkpoint = Checkpoint.Open(BundledTeacher.Folder);
        using var student = DecoderWeights.Initialise(checkpoint.Config with { Layers = 4 }, checkpoint.Family, seed: 0);
        using var setup = new PlainTrainer(student, teacher, Steps, Batch, Sequence);
        var steps = new List<double>();
        setup.Trainer.Every(1, report => steps.Add(report.Seconds));
        setup.Trainer.Run();
        var batch = setup.Data.Allocate(Batch);
        double[] reads = [.. Enumerable.Range(0, 1000).Select(step => Cost.Of(() => setup.Data.Fill(batch, (long)step * Batch)).Wall)
            .Skip(100)];
        yield return new()
        {
            Case = "a batch of 4 x 256",
            Threads = input.Threads,
            Quantity = "reading / step",
            Value = Quantiles.Exactly(Quantiles.Of(reads).Median / Quantiles.Of(steps.Skip(2)).Median),
            AtMost = 0.01,
        };

        // A file with holes: it takes no room and reads as zeros, which is an id. What is remembered of it goes with the folder, and
        // nothing is of a file that has just changed.
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", work.At("cache"));
        var file = work.At("many.u16");
        using (var stream = File.Create(file))
            stream.SetLength(2_000_000_000);
        Disk.Dd($"if={file}", "of=/dev/null", "bs=1M");
        Thread.Sleep(2_500);
        var random = new Random(1);
        var first = Cost.Of(() => Seek(file, random)).Wall;
        var again = Quantiles.Of(Enumerable.Range(0, 20).Select(_ => 1e3 * Cost.Of(() => Seek(file, random)).Wall));
        yield return new()
        {
            Case = Many,
            Threads = input.Threads,
            Quantity = "opening for the first time, ms",
            Value = Quantiles.Exactly(1e3 * first),
            Note = "every id is checked, once for each file; the file is in memory"
        };
        yield return new()
        {
            Case = Many,
            Threads = input.Threads,
            Quantity = "opening again and going to a place, ms",
            Value = again,
            AtMost = 50,
            Note = "20 places"
        };
    }

    private static void Seek(string file, Random random)
    {
        var tokens = TokenIds.Parse(file, 4096);
        var windows = new WindowSet(tokens, Sequence);
        var data = new PackedText(windows, SampleOrder.Shuffled(windows.Count, 1));
        data.Fill(data.Allocate(Batch), random.NextInt64(windows.Count / Batch) * Batch);
        (tokens as IDisposable)?.Dispose();
    }
}
