using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>
/// The held-out losses that a training wrote into its metrics: what decides which checkpoint is the best, the same after a resume.
/// </summary>
internal static class HeldOutLoss
{
    /// <summary>The last step that was evaluated, or null.</summary>
    public static long? Last(string metrics) => All(metrics).Select(line => (long?)line.Step).LastOrDefault();

    /// <summary>Every evaluation, in order; NaN where the loss was not finite.</summary>
    public static IEnumerable<(long Step, double Nll)> All(string metrics)
    {
        foreach (var (step, fields) in MetricsLines.Read(metrics))
            if (fields["held_out_nll"] is JsonValue value)
                yield return (step, value.TryGetValue<double>(out var nll) ? nll : double.NaN);
    }
}
