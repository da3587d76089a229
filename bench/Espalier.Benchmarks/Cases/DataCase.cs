using Espalier.Compression.Data;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>P12: what reading a batch takes of a step, and how long a place in 10⁹ tokens takes to find.</summary>
internal static class DataCase
{
    private const int Steps = 12, Batch = 4, Sequence = 256;

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
        var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
        double[] reads = [.. Enumerable.Range(0, 1000).Select(step => Cost.Of(() => setup.Reader.Read(step, Batch, inputs, targets)).Wall).Skip(100)];
        yield return new()
        {
            Case = "a batch of 4 x 256",
            Threads = input.Threads,
            Quantity = "reading / step",
            Value = Quantiles.Exactly(Quantiles.Of(reads).Median / Quantiles.Of(steps.Skip(2)).Median),
            AtMost = 0.01,
        };

        // A file with holes: it takes no room and reads as zeros, which is an id.
        var file = work.At("many.u16");
        using (var stream = File.Create(file))
            stream.SetLength(2_000_000_000);
        var random = new Random(1);
        var opened = Cost.Of(() => Seek(file, random)).Wall;
        double[] seeks = [.. Enumerable.Range(0, 20).Select(_ => Cost.Of(() => Seek(file, random)).Wall)];
        yield return new()
        {
            Case = "10^9 tokens, shuffled",
            Threads = input.Threads,
            Quantity = "opening and going to a place, ms",
            Value = new(1e3 * Quantiles.Of(seeks).Median, 1e3 * Quantiles.Of(seeks).P20, 1e3 * Math.Max(opened, Quantiles.Of(seeks).P80)),
            AtMost = 50,
            Note = "the last number is the highest of all",
        };
    }

    private static void Seek(string file, Random random)
    {
        var tokens = TokenIds.Parse(file, 4096);
        var windows = new WindowSet(tokens, Sequence);
        var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
        new BatchReader(windows, SampleOrder.Shuffled(windows.Count, 1)).Read(random.NextInt64(windows.Count / Batch), Batch, inputs, targets);
        (tokens as IDisposable)?.Dispose();
    }
}
