using System.Text.Json.Nodes;
using Espalier.Compression.Runs;

namespace Espalier.Compression.Training;

/// <summary>The held-out losses that a training wrote into its metrics: what decides which checkpoint is the best, the same after a resume.</summary>
public static class HeldOutLoss
{
    /// <summary>The step with the lowest loss, the earliest of equal ones; null where there is no finite one.</summary>
    /// <param name="metrics">Path of <c>metrics.jsonl</c>.</param>
    public static (long Step, double Nll)? Best(string metrics)
    {
        (long Step, double Nll)? best = null;
        foreach (var (step, nll) in All(metrics))
            if (nll < (best?.Nll ?? double.PositiveInfinity))
                best = (step, nll);
        return best;
    }

    /// <summary>The last step that was evaluated, or null.</summary>
    internal static long? Last(string metrics) => All(metrics).Select(line => (long?)line.Step).LastOrDefault();

    /// <summary>Every evaluation, in order; NaN where the loss was not finite.</summary>
    internal static IEnumerable<(long Step, double Nll)> All(string metrics)
    {
        foreach (var (step, fields) in MetricsLines.Read(metrics))
            if (fields["held_out_nll"] is JsonValue value)
                yield return (step, value.TryGetValue<double>(out var nll) ? nll : double.NaN);
    }
}
