using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// What 2,000 distillation steps hold on to: resident memory, threads, descriptors and tensors at the end against after the warm-up, and
/// page faults of a step. The student is that of the quickstart, the windows are short.
/// </summary>
internal static class LongRunCase
{
    private const int Batch = 2, Sequence = 32;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        var (steps, warmUp) = input.Quick ? (400, 200) : (2000, 500);
        TorchRuntime.Start(input.Threads);
        using var checkpoint = Checkpoint.Open(BundledTeacher.Folder);
        using var teacher = BundledTeacher.Load();
        var shape = checkpoint.Config with { HiddenSize = 192, IntermediateSize = 512 };
        using var student = DecoderWeights.Initialise(shape, checkpoint.Family, seed: 0);
        using var setup = new PlainTrainer(student, teacher, steps, Batch, Sequence);
        var (before, after) = (default(Held), default(Held));
        var course = new JsonArray();
        setup.Trainer.Every(100, report =>
        {
            after = Held.Now();
            if (report.Step == warmUp)
                before = after;
            course.Add(string.Create(CultureInfo.InvariantCulture, $"{report.Step}: {after}"));
        });
        setup.Trainer.Run();
        yield return Row(input, "growth of resident memory, MiB", after.ResidentMiB - before.ResidentMiB, 8) with
        {
            Details = new() { ["course"] = course },
        };
        yield return Row(input, "threads more", after.Threads - before.Threads, 0);
        yield return Row(input, "descriptors more", after.Descriptors - before.Descriptors, 0);
        yield return Row(input, "tensors more", after.Tensors - before.Tensors, 0);
        yield return Row(input, "page faults a step", (after.Faults - before.Faults) / (steps - warmUp), null);
        yield return Row(input, "managed bytes a step", (after.Allocated - before.Allocated) / (steps - warmUp), null);
    }

    private static Row Row(CaseInput input, string quantity, double value, double? most) =>
        new() { Case = input.Subject, Threads = input.Threads, Quantity = quantity, Value = Quantiles.Exactly(value), AtMost = most };

    private readonly record struct Held(
        double ResidentMiB, double Threads, double Descriptors, double Tensors, double Faults, double Allocated, double HeapMiB,
        int Collections)
    {
        public static Held Now() => new(
            Memory.ResidentMiB, Memory.Threads, Memory.Descriptors, TorchRuntime.LiveTensors, Memory.Faults,
            GC.GetTotalAllocatedBytes(), GC.GetTotalMemory(false) / 1048576.0, GC.CollectionCount(0));

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{ResidentMiB:0} MiB, of them {HeapMiB:0} managed, {Collections} collections, {Faults:0} faults");
    }
}
