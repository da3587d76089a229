namespace Espalier.Benchmarks;

/// <summary>
/// The same distillation with products in float32 and in bfloat16, step by step in turn: what bfloat16 gains here, and how far the losses
/// part.
/// </summary>
internal static class ComputeBenchmark
{
    private const int WarmUp = 2;

    /// <summary>Arguments: the folder that the peer's <c>--write</c> made, pairs, threads.</summary>
    public static string Run(string folder, int pairs, int threads)
    {
        TorchRuntime.Start(threads);
        using var turn = new SemaphoreSlim(0);
        using var done = new SemaphoreSlim(0);
        var (wide, narrow) = (new List<Cost>(), new List<Cost>());
        var (wideLosses, narrowLosses) = (new List<double>(), new List<double>());
        // Each side's loop lives on a thread of its own, and only one of them is ever awake.
        var other = new Thread(() =>
        {
            Steps(folder, pairs, true, narrow, narrowLosses, () =>
            {
                done.Release();
                turn.Wait();
            });
            done.Release();
        });
        other.Start();
        done.Wait();
        Steps(folder, pairs, false, wide, wideLosses, () =>
        {
            turn.Release();
            done.Wait();
        });
        other.Join();
        return JsonSerializer.Serialize(new
        {
            threads,
            pairs,
            float32 = Quantiles.Of(wide.Skip(WarmUp).Select(cost => cost.Processor)),
            bfloat16 = Quantiles.Of(narrow.Skip(WarmUp).Select(cost => cost.Processor)),
            float32_over_bfloat16 = Quantiles.Of(wide.Zip(narrow, (a, b) => a.Processor / b.Processor).Skip(WarmUp)),
            float32_over_bfloat16_wall = Quantiles.Of(wide.Zip(narrow, (a, b) => a.Wall / b.Wall).Skip(WarmUp)),
            first_losses = new[] { wideLosses[0], narrowLosses[0] },
            last_losses = new[] { wideLosses[^1], narrowLosses[^1] },
        });
    }

    private static void Steps(string folder, int pairs, bool bfloat16, List<Cost> costs, List<double> losses, Action hand)
    {
        using var setup = new KdSetup(folder, pairs + WarmUp, bfloat16);
        hand();
        var clock = Cost.Clock.Start();
        setup.Trainer.Every(1, report =>
        {
            costs.Add(clock.Elapsed);
            losses.Add(report.Loss);
            if (report.Step < pairs + WarmUp)
                hand();
            clock = Cost.Clock.Start();
        });
        setup.Trainer.Run();
    }
}
