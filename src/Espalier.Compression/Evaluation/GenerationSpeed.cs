using System.Diagnostics;
using System.Text.Json.Serialization;
using Espalier.Models.Generation;

namespace Espalier.Compression.Evaluation;

/// <summary>How fast a model generates one sequence greedily, in tokens a second over several equal measurements.</summary>
/// <param name="Median">The median; what to compare.</param>
/// <param name="Lowest">The slowest measurement.</param>
/// <param name="Highest">The fastest.</param>
/// <param name="Measurements">How many there were.</param>
/// <param name="Tokens">Tokens that each generated after a prompt of one; more take longer a token, for they look back further.</param>
public sealed record GenerationSpeed(double Median, double Lowest, double Highest, int Measurements, int Tokens)
{
    private const int Length = 96, WarmUp = 8, Least = 3, Most = 5;

    /// <summary>Beyond this no more than the fewest measurements are made: a large model takes minutes for each.</summary>
    private const double PatienceSeconds = 20;

    /// <summary>Whether there are enough measurements to tell a spread; one alone may be off by half on a busy machine.</summary>
    [JsonIgnore]
    public bool HasSpread => Measurements >= Least;

    /// <summary>Measures after a short warm-up; null where the model has too few positions.</summary>
    public static GenerationSpeed? Measure(Decoder model, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int[] prompt = [model.Config.BosTokenId ?? 0];
        var tokens = Math.Min(Length, model.Config.MaxPositions - prompt.Length);
        if (tokens < WarmUp)
            return null;
        _ = Generator.Continue(model, prompt, WarmUp, new(), stop: stop).Count();
        var speeds = new List<double>();
        var begun = Stopwatch.GetTimestamp();
        while (speeds.Count < Least || speeds.Count < Most && Stopwatch.GetElapsedTime(begun).TotalSeconds < PatienceSeconds)
        {
            var started = Stopwatch.GetTimestamp();
            var made = Generator.Continue(model, prompt, tokens, new(), stop: stop).Count();
            speeds.Add(made / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return Of(speeds, tokens);
    }

    /// <summary>The median of measurements, of an even number the mean of the middle two, and their range.</summary>
    public static GenerationSpeed Of(IReadOnlyCollection<double> speeds, int tokens)
    {
        var sorted = speeds.Order().ToArray();
        var middle = sorted.Length / 2;
        return new(sorted.Length % 2 == 1 ? sorted[middle]
            : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1], sorted.Length, tokens);
    }
}
