namespace Espalier.Compression.Evaluation;

/// <summary>How far two lists agree about an order.</summary>
internal static class RankCorrelation
{
    /// <summary>
    /// Spearman's rank correlation: that of Pearson between the ranks, ties with the mean of their ranks. From −1 to 1; 0 where one of the
    /// lists does not vary, for it has no order.
    /// </summary>
    /// <exception cref="ArgumentException">The lists are not of one length.</exception>
    public static double Spearman(IReadOnlyList<double> a, IReadOnlyList<double> b)
    {
        if (a.Count != b.Count)
            throw new ArgumentException($"{a.Count} and {b.Count} values", nameof(b));
        var (first, second) = (Ranks(a), Ranks(b));
        var middle = (a.Count - 1) / 2.0;
        double both = 0, ofFirst = 0, ofSecond = 0;
        for (var i = 0; i < a.Count; i++)
        {
            both += (first[i] - middle) * (second[i] - middle);
            ofFirst += (first[i] - middle) * (first[i] - middle);
            ofSecond += (second[i] - middle) * (second[i] - middle);
        }
        return ofFirst > 0 && ofSecond > 0 ? Math.Clamp(both / Math.Sqrt(ofFirst * ofSecond), -1, 1) : 0;
    }

    /// <summary>Places from 0 in ascending order; equal values share the mean of theirs.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        var ranks = new double[order.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + end - 1) / 2.0;
            start = end;
        }
        return ranks;
    }
}
