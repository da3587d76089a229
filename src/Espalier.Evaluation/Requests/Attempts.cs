using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Evaluation.Requests;

/// <summary>How questions are answered several times, by sampling.</summary>
/// <param name="Count">Answers to each question, from 1.</param>
/// <param name="Temperature">Sharpness of the choice, above 0.</param>
/// <param name="TopP">Only the likeliest ids whose probabilities add up to this; 1 is all.</param>
/// <param name="Seed">Seed of all choices.</param>
internal sealed record Attempts(
    int Count, double Temperature = Attempts.UsualTemperature, double TopP = Attempts.UsualTopP, long Seed = 0)
{
    /// <summary>Where nothing is said: what Codex was asked with for pass@100 (arXiv 2107.03374, section 3.3).</summary>
    public const double UsualTemperature = 0.8, UsualTopP = 0.95;

    /// <summary>In words, how many: 10 attempts.</summary>
    [JsonIgnore]
    public string Counted => $"{Count} attempt{(Count == 1 ? "" : "s")}";

    /// <summary>In words: 10 attempts at temperature 0.8, top-p 0.95, seed 0.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Counted} at temperature {Temperature}, top-p {TopP}, seed {Seed}");
}

/// <summary>One of several attempts at all questions.</summary>
/// <param name="Settings">How all are made.</param>
/// <param name="Number">Which it is, from 0.</param>
internal sealed record Attempt(Attempts Settings, int Number)
{
    /// <summary>What an answer depends on beside the question; how many attempts there are is not part of it.</summary>
    public string Identity => string.Create(CultureInfo.InvariantCulture,
        $"temperature {Settings.Temperature:R} top-p {Settings.TopP:R} seed {Settings.Seed} attempt {Number}");

    /// <summary>
    /// How the ids of an answer are chosen. The seed comes from the settings', the question and the attempt alone, so that an answer is the
    /// same beside whatever others.
    /// </summary>
    public SamplingOptions Of(int document, string prompt)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Settings.Seed} {document} {Number} {prompt}");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return new()
        {
            Temperature = Settings.Temperature,
            TopP = Settings.TopP,
            Seed = BitConverter.ToInt32(hash) & int.MaxValue,
        };
    }
}
