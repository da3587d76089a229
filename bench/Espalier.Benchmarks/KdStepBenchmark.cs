using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;
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
        using var teacherFolder = Checkpoint.Open(Path.Combine(folder, "teacher"));
        using var studentFolder = Checkpoint.Open(Path.Combine(folder, "student"));
        _ = VocabularyAlignment.Of(teacherFolder.Folder, studentFolder.Folder);
        using var teacher = DecoderWeights.Load(teacherFolder);
        using var student = DecoderWeights.Load(studentFolder);
        using var batches = SafetensorsFile.Open(Path.Combine(folder, "batches.safetensors"));
        var shape = batches.Entries["ids"].Shape;
        int[] ids = MemoryMarshal.Cast<byte, int>(batches.ReadBytes("ids")).ToArray();
        var windows = new WindowSet(TokenIds.FromList(ids.Append(0), "batches", teacher.Config.VocabularySize), (int)shape[2], WindowStride.Contiguous);
        using var trainer = new Trainer(student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)), new(windows, SampleOrder.Sequential(windows.Count)), new()
        {
            Steps = pairs + WarmUp,
            Batch = (int)shape[1],
            LearningRate = 1e-3,
            MinLearningRate = 1e-3,
            WarmUp = 0,
        });

        var own = new List<double>();
        var theirs = new List<double>();
        long tokens = shape[1] * shape[2];
        peer.WaitUntilReady();
        JsonObject? answer = null;
        trainer.Every(1, report =>
        {
            // An odd step runs its own side first, an even one the peer's.
            answer ??= peer.Step();
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
                answer = peer.Step();
        });
        var managed = GC.GetAllocatedBytesForCurrentThread();
        trainer.Run();
        managed = (GC.GetAllocatedBytesForCurrentThread() - managed) / (pairs + WarmUp);

        var ratios = own.Zip(theirs, (a, b) => b / a).Order().ToArray();
        var sgemm = Sgemm();
        var flops = teacher.Config.ForwardFlopsPerToken((int)shape[2]) + 3 * student.Config.ForwardFlopsPerToken((int)shape[2]);
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            blas = TorchRuntime.BlasKernelName,
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

    /// <summary>The other program, which waits for a line before each step (<c>--paced</c>).</summary>
    private sealed class Peer : IDisposable
    {
        private readonly Process _process;

        public Peer(string[] command)
        {
            var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.Environment["OMP_WAIT_POLICY"] = "passive";
            _process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
            _process.StandardInput.AutoFlush = true;
        }

        public void WaitUntilReady() => Read("ready");

        public JsonObject Step()
        {
            _process.StandardInput.WriteLine("next");
            return Read("step");
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit(10_000);
            _process.Dispose();
        }

        private JsonObject Read(string kind)
        {
            while (_process.StandardOutput.ReadLine() is { } line)
                if (JsonNode.Parse(line) is JsonObject found && (string?)found["event"] == kind)
                    return found;
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"the peer ended before its event '{kind}'"));
        }
    }
}
