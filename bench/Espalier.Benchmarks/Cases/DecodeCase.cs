using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;

namespace Espalier.Benchmarks;

/// <summary>
/// P16 and P16b: prefill and decoding, paired with llama.cpp on the same weights in F32, float32 key/value cache (node-llama-cpp; its loop
/// over tokens is node's). The greedy ids are those of the peer, or there is no ratio.
/// </summary>
internal static class DecodeCase
{
    private const int WarmUp = 2;
    private const string Script = "tests/oracles/llama-cpp/speed.mjs";

    /// <summary>Whether llama.cpp is there: <c>tests/oracles/llama-cpp/gguf-parity</c> fetches it.</summary>
    public static bool HasPeer => Directory.Exists("tests/oracles/llama-cpp/node_modules/node-llama-cpp");

    public static IEnumerable<Row> Run(string name, string folder, string gguf, int threads, int pairs, params WeightFormat[] formats)
    {
        TorchRuntime.Start(threads);
        using var checkpoint = Checkpoint.Open(folder);
        using var peer = new Peer(new("llama.cpp", "node",
            [Script, gguf, "--threads", $"{threads}", "--prompt", $"{DecodeRound.Prompt}", "--tokens", $"{DecodeRound.Tokens}"]));
        peer.WaitUntilReady();
        foreach (var format in formats)
        {
            using var weights = PackedWeights.Load(checkpoint, format);
            var (own, theirs) = (new List<DecodeRound>(), new List<DecodeRound>());
            for (var pair = -WarmUp; pair < pairs; pair++)
            {
                var (a, b) = (DecodeRound.Of(weights), DecodeRound.Of(peer.Next("speed")));
                if (pair < 0)
                    continue;
                own.Add(a);
                theirs.Add(b);
            }
            var alike = own[0].Ids.Zip(theirs[0].Ids).TakeWhile(ids => ids.First == ids.Second).Count();
            if (format == WeightFormat.Float32 && alike < DecodeRound.Tokens)
                throw new InvalidOperationException(
                    $"{name}: no parity with llama.cpp: of {DecodeRound.Tokens} greedy ids the first {alike} are alike");
            if (format == WeightFormat.Float32)
                yield return Of(name, threads, format, "prefill", 1.3, DecodeRound.Prompt, own, theirs, r => r.Prefill, weights, alike);
            double? least = format switch { WeightFormat.Float32 => 1.0, WeightFormat.BFloat16 => 1.7, _ => null };
            yield return Of(name, threads, format, "decode", least, DecodeRound.Tokens, own, theirs, r => r.Decode, weights, alike);
        }
    }

    private static Row Of(
        string name, int threads, WeightFormat format, string what, double? least, int tokens, List<DecodeRound> own,
        List<DecodeRound> theirs, Func<DecodeRound, Cost> of,
        PackedWeights weights, int alike)
    {
        var mine = Quantiles.Of(own.Select(round => tokens / of(round).Wall));
        return new()
        {
            Case = name,
            Threads = threads,
            Quantity = $"{what}, peer / own, {format.ToString().ToLowerInvariant()}",
            Wall = Quantiles.Of(own.Zip(theirs, (a, b) => of(b).Wall / of(a).Wall)),
            Processor = Quantiles.Of(own.Zip(theirs, (a, b) => of(b).Processor / of(a).Processor)),
            PeerSpread = Quantiles.Of(theirs.Select(round => of(round).Wall)).Spread,
            PeerSpreadProcessor = Quantiles.Of(theirs.Select(round => of(round).Processor)).Spread,
            AtLeast = least,
            Note = "llama.cpp F32",
            Details = new()
            {
                ["own_tokens_a_second"] = mine.Median,
                ["peer_tokens_a_second"] = Quantiles.Of(theirs.Select(round => tokens / of(round).Wall)).Median,
                ["own_gigabytes_a_second"] = what == "decode" ? JsonValue.Create(Math.Round(mine.Median * weights.Bytes / 1e9, 1)) : null,
                ["greedy_ids_alike"] = alike,
            },
        };
    }
}
