using System.Diagnostics;
using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Data;
using Espalier.Compression.Importance.Depth;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// The leave-one-out scan of the LM loss in three ways that must agree: one forward pass of every variant, the shared prefix with one variant after the other, and the
/// wavefront as the program runs it. In turn, several times; and the last of them against a PyTorch program that runs a forward pass for each layer.
/// </summary>
internal static class DepthBenchmark
{
    /// <summary>Time of a scan: by the clock, and that the processor spent on it, which other programs on a busy machine change little.</summary>
    private readonly record struct Cost(double Seconds, double Processor);

    /// <summary>The three ways, in one process; <paramref name="stack"/> streams at most in the wavefront, 0 for the program's own choice.</summary>
    public static string Run(string folder, string ids, int samples, int sequence, int batch, int rounds, int stack)
    {
        using var setup = new Setup(folder, ids, samples, sequence, batch);
        var (naive, cached, wavefront) = (new List<Cost>(), new List<Cost>(), new List<Cost>());
        for (var round = 0; round <= rounds; round++)
        {
            var (a, expected) = Setup.Time(metrics => new NaiveDepthScan(setup.Model).Run(setup.Data, setup.Layers, setup.Variants, metrics));
            var (b, first) = Setup.Time(metrics => setup.Scan(1, metrics));
            var (c, second) = Setup.Time(metrics => setup.Scan(stack, metrics));
            RequireSame(expected, first, 1e-5);
            RequireSame(expected, second, 1e-5);
            if (round == 0)
                continue;
            naive.Add(a);
            cached.Add(b);
            wavefront.Add(c);
        }
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            layers = setup.Layers.Length,
            samples,
            sequence,
            batch,
            stack,
            rounds,
            naive_seconds = Quantiles(naive.Select(cost => cost.Seconds)),
            cached_seconds = Quantiles(cached.Select(cost => cost.Seconds)),
            wavefront_seconds = Quantiles(wavefront.Select(cost => cost.Seconds)),
            ratio_naive_over_cached = Quantiles(naive.Zip(cached, (a, b) => a.Seconds / b.Seconds)),
            ratio_naive_over_wavefront = Quantiles(naive.Zip(wavefront, (a, b) => a.Seconds / b.Seconds)),
            processor_ratio_naive_over_cached = Quantiles(naive.Zip(cached, (a, b) => a.Processor / b.Processor)),
            processor_ratio_naive_over_wavefront = Quantiles(naive.Zip(wavefront, (a, b) => a.Processor / b.Processor)),
        });
    }

    /// <summary>Against a peer, scan by scan, the order swapped in every second pair.</summary>
    public static string RunPaired(string folder, string ids, int samples, int sequence, int batch, int pairs, string[] peerCommand)
    {
        using var setup = new Setup(folder, ids, samples, sequence, batch);
        using var peer = new Peer(new("peer", peerCommand[0], peerCommand[1..]));
        peer.WaitUntilReady();
        var (own, theirs) = (new List<Cost>(), new List<Cost>());
        for (var pair = 0; pair <= pairs; pair++)
        {
            var ((mine, values), (other, expected)) = pair % 2 == 0 ? (Mine(), Other()) : Swapped(Other(), Mine());
            RequireSame(expected, values, 1e-5);
            if (pair == 0)
                continue;
            own.Add(mine);
            theirs.Add(other);
        }
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            layers = setup.Layers.Length,
            samples,
            sequence,
            batch,
            pairs,
            own_seconds = Quantiles(own.Select(cost => cost.Seconds)),
            peer_seconds = Quantiles(theirs.Select(cost => cost.Seconds)),
            ratio_peer_over_own = Quantiles(theirs.Zip(own, (a, b) => a.Seconds / b.Seconds)),
            processor_ratio_peer_over_own = Quantiles(theirs.Zip(own, (a, b) => a.Processor / b.Processor)),
        });

        (Cost, double[]) Mine() => Setup.Time(metrics => setup.Scan(0, metrics));

        (Cost, double[]) Other()
        {
            var spent = peer.Processor;
            var without = Enumerable.Range(0, setup.Layers.Length).Select(layer => layer == 0 ? peer.Next("without") : peer.Read("without")).ToArray();
            // Its plain forward pass, which it times beside, is in the processor time: one of L + 1.
            var processor = (peer.Processor - spent) * without.Length / (without.Length + 1);
            return (new(without.Sum(line => (double)line["seconds"]!), processor), [.. without.Select(line => (double)line["nll"]!)]);
        }
    }

    private static ((Cost, double[]), (Cost, double[])) Swapped((Cost, double[]) other, (Cost, double[]) mine) => (mine, other);

    private static void RequireSame(double[] expected, double[] found, double tolerance)
    {
        for (var layer = 0; layer < expected.Length; layer++)
            if (!(Math.Abs(expected[layer] - found[layer]) <= tolerance * Math.Abs(expected[layer])))
                throw new InvalidOperationException($"no parity without layer {layer}: {found[layer]} against {expected[layer]}");
    }

    private static object Quantiles(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double At(double share) => Math.Round(sorted[(int)Math.Round(share * (sorted.Length - 1))], 4);
        return new { median = At(0.5), p20 = At(0.2), p80 = At(0.8) };
    }

    private sealed class Setup : IDisposable
    {
        public Setup(string folder, string ids, int samples, int sequence, int batch)
        {
            using var checkpoint = Checkpoint.Open(folder);
            Model = DecoderWeights.Load(checkpoint);
            Data = new(new WindowSet(TokenIds.Parse(ids, Model.Config.VocabularySize), sequence), samples, batch);
            Layers = [.. Enumerable.Range(0, Model.Config.Layers)];
            Variants = [.. DepthSpan.All(Layers.Length, 1)];
        }

        public Decoder Model { get; }

        public WindowData Data { get; }

        public int[] Layers { get; }

        public DepthSpan[] Variants { get; }

        public void Scan(int stack, DepthMetric[] metrics) =>
            new DepthScan(Model) { Stack = stack }.Run(Data, Layers, Variants, metrics, "depth", NullProgress.Instance, default);

        public static (Cost Cost, double[] Values) Time(Action<DepthMetric[]> scan)
        {
            DepthMetric[] metrics = [new LmLossMetric()];
            var (started, spent) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            scan(metrics);
            return (new(Stopwatch.GetElapsedTime(started).TotalSeconds, (Environment.CpuUsage.TotalTime - spent).TotalSeconds), metrics[0].Values());
        }

        public void Dispose() => Model.Dispose();
    }
}
