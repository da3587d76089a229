namespace Espalier.Compression.Evaluation;

/// <summary>How far two orders of the same things agree.</summary>
public static class RankCorrelation
{
    /// <summary>Spearman's ρ: the correlation of the ranks, ties at their mean rank; from −1 to 1. NaN where one side is all ties or there are fewer than two values.</summary>
    public static double Spearman(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException($"{first.Count} values against {second.Count}", nameof(second));
        var (a, b) = (Ranks(first), Ranks(second));
        var middle = (first.Count + 1) / 2.0;
        var (both, onlyA, onlyB) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            both += (a[i] - middle) * (b[i] - middle);
            onlyA += (a[i] - middle) * (a[i] - middle);
            onlyB += (b[i] - middle) * (b[i] - middle);
        }
        return onlyA > 0 && onlyB > 0 ? both / Math.Sqrt(onlyA * onlyB) : double.NaN;
    }

    /// <summary>Ranks from 1, the smallest value first; equal values share the mean of theirs.</summary>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var order = Enumerable.Range(0, values.Count).OrderBy(i => values[i]).ToArray();
        var ranks = new double[values.Count];
        for (var begin = 0; begin < order.Length;)
        {
            var end = begin + 1;
            while (end < order.Length && values[order[end]] == values[order[begin]])
                end++;
            for (var i = begin; i < end; i++)
                ranks[order[i]] = (begin + 1 + end) / 2.0;
            begin = end;
        }
        return ranks;
    }
}
