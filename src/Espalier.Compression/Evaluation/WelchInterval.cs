namespace Espalier.Compression.Evaluation;

/// <summary>
/// The difference of two means with its confidence interval; the variances need not be equal (Welch 1947, degrees of freedom after
/// Satterthwaite).
/// </summary>
/// <param name="Difference">First mean − second mean.</param>
/// <param name="StandardError">√(s₁²/n₁ + s₂²/n₂).</param>
/// <param name="Degrees">Degrees of freedom.</param>
/// <param name="Lower">Lower end of the two-sided interval.</param>
/// <param name="Upper">Upper end.</param>
internal sealed record WelchInterval(double Difference, double StandardError, double Degrees, double Lower, double Upper)
{
    /// <summary>Compares two samples of at least two values each.</summary>
    public static WelchInterval Of(IReadOnlyList<double> first, IReadOnlyList<double> second, double confidence = 0.95)
    {
        var ((mean1, error1), (mean2, error2)) = (MeanAndError(first), MeanAndError(second));
        var (square1, square2) = (error1 * error1, error2 * error2);
        var sum = square1 + square2;
        var degrees = sum > 0
            ? sum * sum / (square1 * square1 / (first.Count - 1) + square2 * square2 / (second.Count - 1))
            : first.Count + second.Count - 2;
        var half = sum > 0 ? StudentT.TwoSidedQuantile(confidence, degrees) * Math.Sqrt(sum) : 0;
        return new(mean1 - mean2, Math.Sqrt(sum), degrees, mean1 - mean2 - half, mean1 - mean2 + half);
    }

    /// <summary>The mean and its standard error s/√n.</summary>
    public static (double Mean, double StandardError) MeanAndError(IReadOnlyList<double> values)
    {
        if (values.Count < 2)
            throw new ArgumentException($"{values.Count} values have no standard error", nameof(values));
        var mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1) / values.Count));
    }
}
