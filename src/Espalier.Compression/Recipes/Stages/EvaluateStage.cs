using System.Diagnostics;
using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Runs;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>A text to evaluate on.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Tokens">Its ids.</param>
/// <param name="Hash">What determines them.</param>
/// <param name="BytesPerToken">UTF-8 bytes a token, or null.</param>
public sealed record EvaluationText(string Name, ITokens Tokens, string Hash, double? BytesPerToken);

/// <summary>Loss on every text and speed of generation of one model: a row of the final table.</summary>
public static class EvaluateStage
{
    private const int SpeedTokens = 96;

    /// <summary>Evaluates, or reads what an earlier start found.</summary>
    public static ModelRow Run(RunContext run, string arm, ModelFolder model, IReadOnlyList<EvaluationText> texts, int sequence)
    {
        using var checkpoint = model.Open();
        var inputs = texts.ToDictionary(text => $"text-{text.Name}", text => text.Hash);
        inputs["model"] = model.Hash;
        var record = run.Do("evaluate", new() { ["sequence"] = sequence }, inputs, (stage, _) =>
        {
            using var decoder = DecoderWeights.Load(checkpoint);
            var results = new JsonArray();
            foreach (var text in texts)
            {
                run.Progress.Note($"evaluate: {model.Name} on {text.Name}");
                results.Add(ToJson(PerplexityEvaluator.Run(
                    decoder, new WindowSet(text.Tokens, sequence, WindowStride.Contiguous), null, 8, run.Progress, stop: run.Stop), text));
            }
            stage.Timing.Append(0, ("tokens_per_second", TokensPerSecond(decoder, run.Stop)));
            return new() { ["model"] = model.Name, ["evaluations"] = results };
        });
        return new(
            arm, model.Name, model.Path, checkpoint.Config.Parameters, checkpoint.Config.NonEmbeddingParameters, checkpoint.TotalBytes,
            [.. record.Result["evaluations"]!.AsArray().Select(entry => FromJson(entry!.AsObject()))],
            SpeedOf(Path.Combine(run.FolderOf(record), "timing.jsonl")));
    }

    /// <summary>Greedy generation of one sequence from BOS, prompt excluded, after a short warm-up.</summary>
    private static double? TokensPerSecond(Decoder decoder, CancellationToken stop)
    {
        int[] prompt = [decoder.Config.BosTokenId ?? 0];
        var tokens = Math.Min(SpeedTokens, decoder.Config.MaxPositions - prompt.Length);
        if (tokens < 8)
            return null;
        _ = Generator.Continue(decoder, prompt, 8, new(), stop: stop).Count();
        var started = Stopwatch.GetTimestamp();
        var made = Generator.Continue(decoder, prompt, tokens, new(), stop: stop).Count();
        return made / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double? SpeedOf(string timing) => File.Exists(timing)
        ? MetricsLines.Read(timing).Select(line => (double?)line.Fields["tokens_per_second"]).LastOrDefault()
        : null;

    internal static JsonObject ToJson(PerplexityResult result, EvaluationText text) => new()
    {
        ["set"] = text.Name,
        ["nll"] = result.Nll,
        ["nll_se"] = result.NllStandardError,
        ["perplexity"] = result.Perplexity,
        ["bits_per_byte"] = text.BytesPerToken is { } bytes ? result.Nll / Math.Log(2) / bytes : null,
        ["tokens"] = result.Tokens,
    };

    internal static EvaluationRow FromJson(JsonObject entry) => new(
        (string)entry["set"]!, (double)entry["nll"]!, (double)entry["nll_se"]!, (double)entry["perplexity"]!, (double?)entry["bits_per_byte"], (long)entry["tokens"]!);
}
