namespace Espalier.Compression.Evaluation;

/// <summary>
/// How far one model's losses are above another's on the same windows: what is hard for both cancels out, so it is surer than two
/// intervals.
/// </summary>
/// <param name="Mean">Mean of (first − second).</param>
/// <param name="StandardError">Its standard error over windows; null where there are fewer than two.</param>
internal sealed record PairedDifference(double Mean, double? StandardError)
{
    /// <summary>Compares two models by the losses of the same windows in the same order.</summary>
    public static PairedDifference Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count || first.Count == 0)
            throw new ArgumentException($"{first.Count} windows against {second.Count}", nameof(second));
        var differences = first.Zip(second, (one, other) => one - other).ToArray();
        return differences.Length < 2 ? new(differences[0], null)
            : new(differences.Average(), WelchInterval.MeanAndError(differences).StandardError);
    }
}
