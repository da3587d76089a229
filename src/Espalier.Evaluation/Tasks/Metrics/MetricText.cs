namespace Espalier.Evaluation.Tasks.Metrics;

/// <summary>Metrics as tables show them: shares in per cent with one place, all else with three.</summary>
internal static class MetricText
{
    /// <summary>45.0 ± 3.5 %, or 45.0 % where one document tells no spread.</summary>
    public static string Value(TaskMetric metric) => Number(metric.Value, metric.Scale)
        + (metric.StandardError is { } error ? $" ± {Number(error, metric.Scale)}" : "") + Unit(metric.Scale);

    /// <summary>That of one of a model's metrics; a dash where it has none, for none of its documents count.</summary>
    public static string Value(IEnumerable<TaskMetric> metrics, string name) =>
        metrics.FirstOrDefault(metric => metric.Name == name) is { } metric ? Value(metric) : "-";

    /// <summary>The unit after a value, with a blank before it; empty where there is none.</summary>
    public static string Unit(MetricScale scale) => scale == MetricScale.Share ? " %" : "";

    /// <summary>The unit after a difference, with a blank before it; empty where there is none.</summary>
    public static string Points(MetricScale scale) => scale == MetricScale.Share ? " points" : "";

    /// <summary>A value without its unit.</summary>
    public static string Number(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) : value.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A difference without its unit.</summary>
    public static string Signed(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture)
        : value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

    /// <summary>0.031, or &lt; 0.001.</summary>
    public static string Probability(double probability) => probability < 0.001 ? "< 0.001"
        : string.Create(CultureInfo.InvariantCulture, $"{probability:0.###}");
}
