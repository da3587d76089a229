using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// P14: managed bytes of a step in steady state, and the time of a step that calls as much and computes next to nothing (widths of 8, one
/// window of 8): what calls, views and the trainer's own work cost at most, as a share of a real step.
/// </summary>
internal static class OverheadCase
{
    private const int Steps = 30, WarmUp = 10;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var checkpoint = Checkpoint.Open(BundledTeacher.Folder);
        using var teacher = BundledTeacher.Load();
        var shape = checkpoint.Config with { HiddenSize = 192, IntermediateSize = 512 };
        var (real, bytes) = Step(checkpoint, shape, teacher, 8, 256);
        var nothing = checkpoint.Config with { HiddenSize = 8, IntermediateSize = 8, HeadDim = 2 };
        using var small = DecoderWeights.Initialise(nothing, checkpoint.Family, seed: 1);
        var (empty, _) = Step(checkpoint, nothing, small, 1, 8);
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "managed bytes a step",
            Value = bytes,
            AtMost = 0,
        };
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "a step that computes nothing / the step, processor time",
            Value = Quantiles.Exactly(empty / real),
            AtMost = 0.01,
            Note = FormattableString.Invariant($"{1e3 * empty:0.00} ms of {1e3 * real:0.0}; still computes a head of 4096 x 8"),
        };
    }

    private static (double Seconds, Quantiles Bytes) Step(Checkpoint checkpoint, DecoderConfig shape, Decoder teacher, int batch,
        int sequence)
    {
        using var student = DecoderWeights.Initialise(shape, checkpoint.Family, seed: 0);
        using var setup = new PlainTrainer(student, teacher, Steps, batch, sequence);
        var (bytes, costs) = (new List<double>(), new List<double>());
        var (allocated, clock) = (0L, Cost.Clock.Start());
        setup.Trainer.Every(1, report =>
        {
            if (report.Step > WarmUp)
            {
                bytes.Add(GC.GetTotalAllocatedBytes(precise: true) - allocated);
                costs.Add(clock.Elapsed.Processor);
            }
            (allocated, clock) = (GC.GetTotalAllocatedBytes(precise: true), Cost.Clock.Start());
        });
        setup.Trainer.Run();
        return (Quantiles.Of(costs).Median, Quantiles.Of(bytes));
    }
}
