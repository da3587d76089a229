namespace Espalier.Compression.Evaluation;

/// <summary>
/// The mean of paired differences with its confidence interval (Student's t): what both of a pair have in common, the seed or the window,
/// cancels out.
/// </summary>
/// <param name="Mean">Mean of (first − second).</param>
/// <param name="StandardError">s/√n of the differences.</param>
/// <param name="Lower">Lower end of the two-sided interval.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Pairs">n.</param>
internal sealed record PairedInterval(double Mean, double StandardError, double Lower, double Upper, int Pairs)
{
    /// <summary>Compares at least two pairs.</summary>
    public static PairedInterval Of(IReadOnlyList<double> first, IReadOnlyList<double> second, double confidence = 0.95)
    {
        if (first.Count != second.Count)
            throw new ArgumentException($"{first.Count} values against {second.Count}", nameof(second));
        var (mean, error) = WelchInterval.MeanAndError([.. first.Zip(second, (one, other) => one - other)]);
        var half = error > 0 ? StudentT.TwoSidedQuantile(confidence, first.Count - 1) * error : error;
        return new(mean, error, mean - half, mean + half, first.Count);
    }
}
