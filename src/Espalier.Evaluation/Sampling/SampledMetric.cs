using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Sampling;

/// <summary>Something that is counted of several answers to a question.</summary>
/// <param name="Metric">What it is called.</param>
/// <param name="Inner">What is counted of each answer.</param>
/// <param name="K">Of how many answers one is right; null the mean over all.</param>
internal sealed record SampledMetric(Metric Metric, string Inner, int? K)
{
    private const string Ending = ",sampled", PassAt1 = "pass@1", ExactMatch = "exact_match,";

    /// <summary>What is told of a metric: pass@k of what is right or wrong, the mean of all else.</summary>
    /// <param name="metric">What is counted of one answer.</param>
    /// <param name="attempts">Answers to each question, from 1.</param>
    public static IEnumerable<SampledMetric> Of(Metric metric, int attempts) => !metric.IsRightOrWrong
        ? [new(metric with { Name = metric.Name + Ending }, metric.Name, null)]
        : Ks(attempts).Select(k =>
            new SampledMetric(metric with { Name = PassName(metric.Name, k), IsRightOrWrong = false }, metric.Name, k));

    /// <summary>
    /// The k that are told: 1, the number of attempts and, as is usual between them, the powers of two where that number is one, else of
    /// ten.
    /// </summary>
    /// <param name="attempts">Answers to each question, from 1.</param>
    public static IReadOnlyList<int> Ks(int attempts)
    {
        var ks = new List<int>();
        for (long k = 1, step = int.IsPow2(attempts) ? 2 : 10; k < attempts; k *= step)
            ks.Add((int)k);
        return [.. ks, attempts];
    }

    // pass@4,sampled of pass@1; pass@4,NAME,sampled of exact_match,NAME and of NAME.
    private static string PassName(string metric, int k) => metric == PassAt1 ? $"pass@{k}{Ending}"
        : $"pass@{k},{(metric.StartsWith(ExactMatch, StringComparison.Ordinal) ? metric[ExactMatch.Length..] : metric)}{Ending}";
}
