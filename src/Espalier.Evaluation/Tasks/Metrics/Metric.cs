namespace Espalier.Evaluation.Tasks.Metrics;

/// <summary>How a metric is read.</summary>
internal enum MetricScale
{
    /// <summary>A share from 0 to 1, shown in per cent.</summary>
    Share,

    /// <summary>A number, shown as it is.</summary>
    Plain,

    /// <summary>Nats of surprise a word, byte or token, shown as perplexity: e to the power of their mean; less is better.</summary>
    Perplexity,

    /// <summary>Bits; less is better.</summary>
    Bits,
}

/// <summary>Something that is counted of each document.</summary>
/// <param name="Name">As lm-evaluation-harness names it, where it has it.</param>
/// <param name="Scale">How it is read.</param>
internal sealed record Metric(string Name, MetricScale Scale = MetricScale.Share)
{
    /// <summary>Whether a smaller value is the better one.</summary>
    public bool IsLowerBetter { get; init; } = Scale is MetricScale.Perplexity or MetricScale.Bits;

    /// <summary>Whether a document is right (1) or wrong (0) by it, so that several attempts have a pass@k.</summary>
    public bool IsRightOrWrong { get; init; }

    /// <summary>A mean as it is told: the mean itself, or the perplexity.</summary>
    public double Told(double mean) => Scale == MetricScale.Perplexity ? Math.Exp(mean) : mean;
}
