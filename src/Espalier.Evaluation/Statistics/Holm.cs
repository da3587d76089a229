namespace Espalier.Evaluation.Statistics;

/// <summary>Probabilities of several comparisons, raised so that one chance find among them is as unlikely as in one (Holm 1979).</summary>
internal static class Holm
{
    /// <summary>The raised ones, in the order of those given; at most 1.</summary>
    public static double[] Adjust(IReadOnlyList<double> probabilities)
    {
        var adjusted = new double[probabilities.Count];
        var least = 0.0;
        foreach (var (rank, i) in Enumerable.Range(0, probabilities.Count).OrderBy(i => probabilities[i]).Index())
            adjusted[i] = least = Math.Max(least, Math.Min(1, probabilities[i] * (probabilities.Count - rank)));
        return adjusted;
    }
}
