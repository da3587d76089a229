using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>A text to evaluate on.</summary>
/// <param name="Name">Its name in tables.</param>
/// <param name="Tokens">Its ids.</param>
/// <param name="Hash">What determines them.</param>
/// <param name="BytesPerToken">UTF-8 bytes a token, or null.</param>
public sealed record EvaluationText(string Name, ITokens Tokens, string Hash, double? BytesPerToken);

/// <summary>Loss on every text, speed of generation and a few samples of one model: a row of the final table.</summary>
public static class EvaluateStage
{
    /// <summary>In the stage's folder: the mean loss of every window by the text's name, so that two models can be compared window by window.</summary>
    public const string LossesName = "losses.json";

    private const string TimingName = "timing.jsonl";

    private static readonly JsonSerializerOptions s_losses = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Evaluates, or reads what an earlier start found.</summary>
    /// <param name="run">The run.</param>
    /// <param name="arm">The recipe's name.</param>
    /// <param name="model">The model.</param>
    /// <param name="texts">What it is evaluated on; it goes on from beginnings of the first.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="tokenizer">Turns what it writes into text; null leaves that out.</param>
    public static ModelRow Run(RunContext run, string arm, ModelFolder model, IReadOnlyList<EvaluationText> texts, int sequence, Tokenizer? tokenizer)
    {
        using var checkpoint = model.Open();
        Decoder? loaded = null;
        Decoder Load() => loaded ??= DecoderWeights.Load(checkpoint);
        try
        {
            var inputs = texts.ToDictionary(text => $"text-{text.Name}", text => text.Hash);
            inputs["model"] = model.Hash;
            var record = run.Do("evaluate", new() { ["sequence"] = sequence }, inputs, (stage, _) => Evaluate(run, model, Load(), texts, sequence, stage));
            var samples = tokenizer is null || texts.Count == 0 ? null : SampleStage.Run(run, model, checkpoint.Config, Load, texts[0], tokenizer);
            return new(
                arm, model.Name, model.Path, checkpoint.Config.Parameters, checkpoint.Config.NonEmbeddingParameters, checkpoint.TotalBytes,
                [.. record.Result["evaluations"]!.AsArray().Select(entry => FromJson(entry!.AsObject()))],
                SpeedOf(Path.Combine(run.FolderOf(record), TimingName)))
            {
                Stage = Path.GetFileName(run.FolderOf(record)),
                Samples = samples is null ? null : Path.GetFileName(run.FolderOf(samples)),
            };
        }
        finally
        {
            loaded?.Dispose();
        }
    }

    private static JsonObject Evaluate(RunContext run, ModelFolder model, Decoder decoder, IReadOnlyList<EvaluationText> texts, int sequence, StageFolder stage)
    {
        var results = new JsonArray();
        var losses = new Dictionary<string, IReadOnlyList<double>>();
        foreach (var text in texts)
        {
            run.Progress.Note($"evaluate: {model.Name} on {text.Name}");
            var result = PerplexityEvaluator.Run(
                decoder, new WindowSet(text.Tokens, sequence, WindowStride.Contiguous), null, 8, run.Progress, stop: run.Stop);
            results.Add(ToJson(result, text));
            losses[text.Name] = result.WindowNll;
        }
        stage.WriteFile(LossesName, stream => JsonSerializer.Serialize(stream, losses, s_losses));
        if (GenerationSpeed.Measure(decoder, run.Stop) is { } speed)
            stage.Timing.Append(
                0, ("tokens_per_second", speed.Median), ("lowest", speed.Lowest), ("highest", speed.Highest), ("measurements", speed.Measurements), ("tokens", speed.Tokens));
        return new() { ["model"] = model.Name, ["evaluations"] = results };
    }

    /// <summary>What the stage's log says; a folder of an earlier program has one measurement, of which no spread is known.</summary>
    private static GenerationSpeed? SpeedOf(string timing)
    {
        try
        {
            if (MetricsLines.Read(timing).Select(line => line.Fields).LastOrDefault() is not { } fields || (double?)fields["tokens_per_second"] is not { } median)
                return null;
            return new(
                median, (double?)fields["lowest"] ?? median, (double?)fields["highest"] ?? median, (int?)fields["measurements"] ?? 1, (int?)fields["tokens"] ?? 0);
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            // Nothing is decided by it, and nobody vouches for it: damaged, it costs a number in a table.
            return null;
        }
    }

    /// <summary>The mean loss of every window by the text's name; null where an earlier program kept none.</summary>
    /// <param name="folder">The stage's folder.</param>
    public static IReadOnlyDictionary<string, double[]>? LossesOf(string folder)
    {
        var path = Path.Combine(folder, LossesName);
        return File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, double[]>>(File.ReadAllBytes(path), s_losses) : null;
    }

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
