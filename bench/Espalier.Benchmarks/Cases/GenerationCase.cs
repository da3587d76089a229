using System.Diagnostics;
using System.Globalization;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// P16: reading a prompt and going on greedily against llama.cpp with float32 weights and cache, on the bundled teacher and on a random model of 135M. The ids must be
/// the same (of the random model the first few: its distributions are nearly flat).
/// </summary>
internal static class GenerationCase
{
    private const int Prompt = 256, Continued = 64, ComparedOfRandom = 4;
    private const string Judge = "tests/oracles/llama-cpp";

    public static IEnumerable<Row> Run(CaseInput input)
    {
        if (!Directory.Exists(Path.Combine(Judge, "node_modules/node-llama-cpp")))
            throw new NotMeasuredException($"no llama.cpp: npm install --prefix {Judge} --no-save --omit=optional, with Node 20 or newer");
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        var random = input.Subject != "bundled-7m";
        var folder = random ? MakeRandom(work) : BundledTeacher.Folder;
        Export(folder, work.At("model.gguf"));
        using var checkpoint = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(checkpoint);
        int[] prompt = new int[Prompt];
        Espalier.Compression.Data.TokenIds.Parse(BundledTeacher.Ids, model.Config.VocabularySize).Read(0, prompt);
        using var peer = new Peer(new("llama.cpp", "node",
            [Path.Combine(Judge, "speed.mjs"), work.At("model.gguf"), "--prompt", string.Join(',', prompt), "--tokens", $"{Continued}", "--threads", $"{input.Threads}"]));
        peer.WaitUntilReady();
        int[] ids = [], theirs = [];
        (Cost Prefill, Cost Decode) own = default, other = default;
        // One run of each side gives both figures.
        var decode = new Pairs();
        var prefill = Pairs.Measure(input.Pairs, 2, () => (own = Own(model, prompt, out ids)).Prefill, () =>
        {
            var line = peer.Next("run");
            theirs = [.. line["ids"]!.AsArray().Select(id => (int)id!)];
            double Number(string name) => (double)line[name]!;
            other = (new(Number("prefill_seconds"), Number("prefill_processor")), new(Number("decode_seconds"), Number("decode_processor")));
            return other.Prefill;
        }, () =>
        {
            decode.Own.Add(own.Decode);
            decode.Other.Add(other.Decode);
        });
        var compared = random ? ComparedOfRandom : Continued;
        if (!ids.Take(compared).SequenceEqual(theirs.Take(compared)))
            throw new InvalidOperationException($"the ids differ: {string.Join(',', ids.Take(compared))} against {string.Join(',', theirs.Take(compared))}");
        yield return prefill.OtherOverOwn(input, "prefill of 256, llama.cpp / own", 1.3);
        yield return decode.OtherOverOwn(input, "decode, llama.cpp / own", 1.0, string.Create(CultureInfo.InvariantCulture,
            $"{Continued / Quantiles.Of(decode.Own.Select(cost => cost.Wall)).Median:0} tokens/s against {Continued / Quantiles.Of(decode.Other.Select(cost => cost.Wall)).Median:0}"));
    }

    private static (Cost Prefill, Cost Decode) Own(Decoder model, int[] prompt, out int[] ids)
    {
        var (clock, all) = (Cost.Clock.Start(), new List<int>());
        Cost first = default;
        foreach (var id in Generator.Continue(model, prompt, Continued + 1, new() { Temperature = 0 }))
        {
            all.Add(id);
            if (all.Count == 1)
                (first, clock) = (clock.Elapsed, Cost.Clock.Start());
        }
        ids = [.. all];
        return (first, clock.Elapsed);
    }

    // The shape of a well-known small model, with the bundled tokenizer and more rows than that has.
    private static string MakeRandom(TemporaryFolder work)
    {
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with
        {
            VocabularySize = 49152, HiddenSize = 576, IntermediateSize = 1536, Layers = 30, QueryHeads = 9, KeyValueHeads = 3, HeadDim = 64,
        };
        CheckpointWriter.Write(work.At("model"), config, like, ElementType.F32, DecoderWeights.RandomSource(config, like.Family, seed: 0));
        return work.At("model");
    }

    private static void Export(string folder, string file)
    {
        using var process = Process.Start(new ProcessStartInfo("./espalier", ["export", folder, "--type", "f32", "--output", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"espalier export: {errors.Result}");
    }
}
