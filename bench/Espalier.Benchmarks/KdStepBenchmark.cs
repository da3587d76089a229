using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// One full distillation step, paired with a PyTorch program that does the same on the same weights and ids: A, B, A, B, ... one step at a
/// time, order swapped in every second pair. Parity first: losses within 1e-5 and gradient norms within 1e-4, or there is no ratio.
/// </summary>
internal static class KdStepBenchmark
{
    private const int WarmUp = 2;

    /// <summary>Arguments: the folder that the peer's <c>--write</c> made, pairs, threads, then the peer's command line.</summary>
    public static string Run(string folder, int pairs, int threads, string[] peerCommand)
    {
        TorchRuntime.Start(threads);
        using var peer = new Peer(peerCommand);
        using var setup = new KdSetup(folder, pairs + WarmUp);
        var (trainer, teacher, student) = (setup.Trainer, setup.Teacher, setup.Student);

        var own = new List<double>();
        var theirs = new List<double>();
        var tokens = setup.Tokens;
        peer.WaitUntilReady();
        JsonObject? answer = null;
        trainer.Every(1, report =>
        {
            // An odd step runs its own side first, an even one the peer's.
            answer ??= peer.Next("step");
            var (loss, norm) = ((double)answer["loss"]!, (double)answer["grad_norm"]!);
            if (Math.Abs(report.Loss - loss) > 1e-5 || Math.Abs(report.GradientNorm - norm) > 1e-4 * Math.Max(1, norm))
                throw new InvalidOperationException($"no parity at step {report.Step}: loss {report.Loss} against {loss}, gradient norm {report.GradientNorm} against {norm}");
            if (report.Step > WarmUp)
            {
                own.Add(report.Seconds);
                theirs.Add((double)answer["seconds"]!);
            }
            answer = null;
            if (report.Step < pairs + WarmUp && report.Step % 2 == 1)
                answer = peer.Next("step");
        });
        var managed = GC.GetAllocatedBytesForCurrentThread();
        trainer.Run();
        managed = (GC.GetAllocatedBytesForCurrentThread() - managed) / (pairs + WarmUp);

        var ratios = own.Zip(theirs, (a, b) => b / a).Order().ToArray();
        var sgemm = Sgemm();
        var flops = teacher.Config.ForwardFlopsPerToken(setup.Sequence) + 3 * student.Config.ForwardFlopsPerToken(setup.Sequence);
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads,
            tokens,
            pairs,
            own_seconds = Quantiles(own),
            peer_seconds = Quantiles(theirs),
            ratio_peer_over_own = Quantiles(ratios),
            peer_spread = Spread(theirs),
            verdict = Spread(theirs) > 0.1 ? "noisy" : "quiet",
            gflops = Math.Round(flops * tokens / Median(own) / 1e9, 1),
            sgemm_2048_gflops = Math.Round(sgemm, 1),
            mfu = Math.Round(flops * tokens / Median(own) / 1e9 / sgemm, 3),
            managed_bytes_a_step = managed,
        });
    }

    private static double Sgemm()
    {
        using var noGrad = GradMode.Disable();
        using var a = Tensor.Full(0.5, DType.Float32, 2048, 2048);
        var seconds = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var started = Stopwatch.GetTimestamp();
            a.MatMul(a).Dispose();
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return 2.0 * 2048 * 2048 * 2048 / Median(seconds) / 1e9;
    }

    private static double Median(IEnumerable<double> values) => At([.. values.Order()], 0.5);

    private static double Spread(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return Math.Round((At(sorted, 0.8) - At(sorted, 0.2)) / At(sorted, 0.5), 3);
    }

    private static object Quantiles(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new { median = Math.Round(At(sorted, 0.5), 4), p20 = Math.Round(At(sorted, 0.2), 4), p80 = Math.Round(At(sorted, 0.8), 4) };
    }

    private static double At(double[] sorted, double share) => sorted[(int)Math.Round(share * (sorted.Length - 1))];
}
