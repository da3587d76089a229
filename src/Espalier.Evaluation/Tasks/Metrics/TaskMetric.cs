using System.Text.Json.Serialization;

namespace Espalier.Evaluation.Tasks.Metrics;

/// <summary>A metric over documents, with its standard error.</summary>
/// <param name="Name">As lm-evaluation-harness names it: acc, acc_norm, or acc_bytes.</param>
/// <param name="Value">The share, number or perplexity.</param>
/// <param name="StandardError"> Of a mean of equal weights s/√n with n − 1; else that of a ratio, Σ(wᵢ(xᵢ − x̄))² (Cochran 1977, section
/// 2.11); of a mean of parts' means that of a stratified mean (section 5.3); of a perplexity times it, by the delta method. Null of
/// one document.
/// </param>
/// <param name="Scale">How it is read.</param>
internal sealed record TaskMetric(string Name, double Value, double? StandardError, MetricScale Scale)
{
    /// <summary>Whether value and error are numbers: a perplexity of more than 709 nats is not.</summary>
    [JsonIgnore]
    public bool IsFinite => double.IsFinite(Value) && double.IsFinite(StandardError ?? 0);

    /// <summary>
    /// Whether any of some documents weighs something in a metric, and all parts are there of one that has parts: else it has no value.
    /// </summary>
    public static bool Weighs(Metric metric, IReadOnlyList<DocumentResult> documents) =>
        documents.Any(document => document.Weight(metric.Name) > 0)
        && documents.Select(document => document.Stratum(metric.Name)).OfType<Stratum>().Distinct().ToArray() is var strata
        && (strata.Length == 0 || Math.Abs(strata.Sum(stratum => stratum.Share) - 1) < 1e-9);

    /// <summary>A metric over documents, one of which weighs something at least.</summary>
    public static TaskMetric Of(Metric metric, IReadOnlyList<DocumentResult> documents)
    {
        var (mean, error) = MeanOf(documents);
        if (documents.ToLookup(document => document.Stratum(metric.Name)) is var parts && parts.Any(part => part.Key is not null))
        {
            var strata = parts.Where(part => part.Key is not null)
                .Select(part => (part.Key!.Value.Share, Of: MeanOf([.. part]))).ToArray();
            mean = strata.Sum(stratum => stratum.Share * stratum.Of.Mean);
            error = strata.Any(stratum => stratum.Of.StandardError is null) ? null
                : Math.Sqrt(strata.Sum(stratum => Math.Pow(stratum.Share * stratum.Of.StandardError!.Value, 2)));
        }
        var value = metric.Told(mean);
        return new(metric.Name, value, metric.Scale == MetricScale.Perplexity ? value * error : error, metric.Scale);

        (double Mean, double? StandardError) MeanOf(IReadOnlyList<DocumentResult> of) => TaskMetric.MeanOf(
            [.. of.Select(document => document.Score(metric.Name))], [.. of.Select(document => document.Weight(metric.Name))]);
    }

    /// <summary>The weighted mean, with its standard error.</summary>
    /// <param name="weights">Their weights, not all 0.</param>
    public static (double Mean, double? StandardError) MeanOf(IReadOnlyList<double> scores, IReadOnlyList<double> weights)
    {
        var (n, all) = (scores.Count, weights.Sum());
        var mean = scores.Zip(weights, (score, weight) => score * weight).Sum() / all;
        var squares = scores.Zip(weights, (score, weight) => weight * (score - mean)).Sum(part => part * part);
        return (mean, n < 2 ? null : Math.Sqrt(squares * n / (n - 1)) / all);
    }
}
