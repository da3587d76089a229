namespace Espalier.Benchmarks;

/// <summary>P5: the highest resident memory of whole processes that make two steps, ours and the plain eager one.</summary>
internal static class StepMemoryCase
{
    private const int Steps = 2;

    public static IEnumerable<Row> Run(CaseInput input, PeerSystem system)
    {
        using var work = new TemporaryFolder();
        var shape = Shape.Read(input.Subject);
        shape.Write(work.Path, system, Steps);
        var summary = PeerSystem.Run(system.Command(
            system.Name, "kd_step.py", work.Path, [], "--read", "WORK", "--threads", $"{input.Threads}", "--steps", $"{Steps}", "--warmup",
            "0", "--sgemm", "0"), "summary");
        var theirs = (double)summary["peak_rss_mib"]!;
        TorchRuntime.Start(input.Threads);
        using var setup = new KdSetup(work.Path, Steps);
        setup.Trainer.Run();
        var own = Memory.PeakMiB;
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "own / eager, peak of the process",
            Value = Quantiles.Exactly(own / theirs),
            AtMost = 0.35,
            Note = string.Create(CultureInfo.InvariantCulture, $"{shape.Tokens} tokens: {own:0} MiB of {theirs:0}; {system.Name} plain"),
            Details = new() { ["own_mib"] = own, ["eager_mib"] = theirs },
        };
    }
}
