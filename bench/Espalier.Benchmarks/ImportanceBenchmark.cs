using System.Diagnostics;
using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// What importance costs: a plain forward pass, a scoring pass with one aggregator and one with all nine, over the same windows, interleaved in turning order. The ratios
/// are of neighbours; all three end at the last norm. Processor time is told too: with one thread it is what a busy machine disturbs least.
/// </summary>
internal static class ImportanceBenchmark
{
    private const int Batch = 8;

    /// <param name="folder">The model.</param>
    /// <param name="ids">Token ids, as --ids takes them.</param>
    /// <param name="windows">Windows of a pass.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="rounds">Rounds of all three passes that count; two more warm up.</param>
    public static string Run(string folder, string ids, int windows, int sequence, int rounds)
    {
        using var checkpoint = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(checkpoint);
        var set = new WindowSet(TokenIds.Parse(ids, model.Config.VocabularySize), sequence);
        var options = new ScoreOptions { Samples = windows, Batch = Batch };
        ImportanceScores? single = null, ofNine = null;
        Action[] passes =
        [
            () => Plain(model, set, windows, sequence),
            () => single = ImportanceScorer.Run(model, set, options, NullProgress.Instance),
            () => ofNine = ImportanceScorer.Run(model, set, options, Aggregator.All, NullProgress.Instance)[Aggregator.All.ToList().IndexOf(Aggregator.Default)],
        ];
        var (plain, one, nine) = (new List<double>(), new List<double>(), new List<double>());
        var (busyOne, busyNine) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds + 2; round++)
        {
            var (seconds, busy) = (new double[passes.Length], new double[passes.Length]);
            for (var turn = 0; turn < passes.Length; turn++)
            {
                var pass = (round + turn) % passes.Length;
                var (started, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
                passes[pass]();
                seconds[pass] = Stopwatch.GetElapsedTime(started).TotalSeconds;
                busy[pass] = (Environment.CpuUsage.TotalTime - used).TotalSeconds;
            }
            if (round < 2)
                continue;
            plain.Add(seconds[0]);
            one.Add(seconds[1] / seconds[0]);
            nine.Add(seconds[2] / seconds[0]);
            busyOne.Add(busy[1] / busy[0]);
            busyNine.Add(busy[2] / busy[0]);
        }
        if (!single!.Channels.SequenceEqual(ofNine!.Channels) || !single.Neurons.SelectMany(layer => layer).SequenceEqual(ofNine.Neurons.SelectMany(layer => layer)))
            throw new InvalidOperationException("the scores of one aggregator and of nine differ");
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            tokens = windows * sequence,
            rounds,
            plain_seconds = Spread(plain),
            ratio_one_aggregator = Spread(one),
            ratio_all_nine = Spread(nine),
            processor_time_ratio_one_aggregator = Spread(busyOne),
            processor_time_ratio_all_nine = Spread(busyNine),
        });
    }

    private static void Plain(Decoder model, WindowSet windows, int count, int sequence)
    {
        using var noGrad = GradMode.Disable();
        for (var done = 0; done < count; done += Batch)
        {
            using var scope = TensorScope.Begin();
            var size = Math.Min(Batch, count - done);
            var (inputs, targets) = (new long[size * sequence], new long[size * sequence]);
            for (var i = 0; i < size; i++)
                windows.Read(done + i, inputs.AsSpan(i * sequence, sequence), targets.AsSpan(i * sequence, sequence));
            model.Forward(Tensor.From<long>(inputs, size, sequence));
        }
    }

    private static object Spread(List<double> values)
    {
        var sorted = values.Order().ToArray();
        double At(double share) => Math.Round(sorted[(int)(share * (sorted.Length - 1) + 0.5)], 4);
        return new { median = At(0.5), p20 = At(0.2), p80 = At(0.8) };
    }
}
