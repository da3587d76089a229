namespace Espalier.Benchmarks;

/// <summary>
/// Losses and global gradient norms of two distillation steps, ours against PyTorch's gradients with their norm summed in float64 on both
/// sides. PyTorch's own norm is told beside it: it sums float32 in float32.
/// </summary>
internal static class ParityCase
{
    private const int Steps = 2;
    private const double Tolerance = 1e-5;

    public static IEnumerable<Row> Run(CaseInput input, PeerSystem system)
    {
        using var folder = new TemporaryFolder();
        var shape = Shape.Read(input.Subject);
        shape.Write(folder.Path, system, Steps);
        TorchRuntime.Start(input.Threads);
        var found = new List<(double Loss, double Norm)>();
        using (var setup = new KdSetup(folder.Path, Steps))
        {
            setup.Trainer.Every(1, report => found.Add((report.Loss, report.GradientNorm)));
            setup.Trainer.Run();
        }
        var (apart, plain) = (0.0, 0.0);
        using var peer = new Peer(system.Command(system.Name, "kd_step_exact_norm.py", folder.Path, [],
            "--read", "WORK", "--threads", $"{input.Threads}", "--steps", $"{Steps}", "--warmup", "0", "--sgemm", "0"));
        foreach (var (loss, norm) in found)
        {
            var norms = peer.Read("norms");
            var exact = (double)norms["exact"]!;
            var theirs = (double)peer.Read("step")["loss"]!;
            if (!(Math.Abs(loss - theirs) <= Tolerance * Math.Max(1, theirs)))
                throw new InvalidOperationException($"{shape.Name}: no parity with {system.Name}: loss {loss} against {theirs}");
            apart = Math.Max(apart, Math.Abs(norm - exact) / exact);
            plain = Math.Max(plain, Math.Abs((double?)norms["float32"] - exact ?? 0) / exact);
        }
        yield return new()
        {
            Case = shape.Name,
            Threads = input.Threads,
            Quantity = "difference of gradient norms, relative",
            Value = Quantiles.Exactly(apart),
            AtMost = Tolerance,
            Note = string.Create(CultureInfo.InvariantCulture,
                $"both summed in float64; {system.Name}'s own float32 norm is off by {plain:0.0e0}"),
        };
    }
}
