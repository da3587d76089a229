namespace Espalier.Compression.Evaluation;

/// <summary>How far two ways of scoring put the same things in the same order.</summary>
public static class RankCorrelation
{
    /// <summary>Spearman's: the correlation of the ranks, where equal values share the mean of theirs. NaN where one side has no order (all values equal, or fewer than two).</summary>
    public static double Spearman(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfNotEqual(second.Count, first.Count);
        var (a, b) = (Ranks(first), Ranks(second));
        var middle = (first.Count + 1) / 2.0;
        var (ab, aa, bb) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
            (ab, aa, bb) = (ab + (a[i] - middle) * (b[i] - middle), aa + (a[i] - middle) * (a[i] - middle), bb + (b[i] - middle) * (b[i] - middle));
        return ab / Math.Sqrt(aa * bb);
    }

    /// <summary>Ranks from 1 by ascending value.</summary>
    internal static double[] Ranks(IReadOnlyList<double> values)
    {
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (var (from, to) = (0, 0); from < order.Length; from = to)
        {
            while (to < order.Length && values[order[to]] == values[order[from]])
                to++;
            for (var i = from; i < to; i++)
                ranks[order[i]] = (from + 1 + to) / 2.0;
        }
        return ranks;
    }
}
