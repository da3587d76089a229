namespace Espalier.Reports.Charts;

/// <summary>Fewer numbers that look the same: what keeps the file small.</summary>
internal static class Binning
{
    /// <summary>At most <paramref name="limit"/> means of neighbours; NaN where none of them is finite.</summary>
    internal static double[] Means(IReadOnlyList<double> values, int limit)
    {
        var bins = new double[Math.Min(values.Count, limit)];
        for (var i = 0; i < bins.Length; i++)
        {
            var (from, to) = Bounds(i, values.Count, bins.Length);
            var (sum, count) = (0.0, 0);
            for (var j = from; j < to; j++)
                if (double.IsFinite(values[j]))
                    (sum, count) = (sum + values[j], count + 1);
            bins[i] = count > 0 ? sum / count : double.NaN;
        }
        return bins;
    }

    /// <summary>The points, or where they are many the lowest and the highest of each bin, so that no spike is lost.</summary>
    internal static Point[] Extremes(IReadOnlyList<Point> points, int bins)
    {
        if (points.Count <= 2 * bins)
            return [.. points];
        var kept = new List<Point>();
        for (var i = 0; i < bins; i++)
        {
            var (from, to) = Bounds(i, points.Count, bins);
            var (low, high) = (from, from);
            for (var j = from; j < to; j++)
            {
                // Comparisons with NaN are false, so that a gap stays only where it comes first.
                low = points[j].Y < points[low].Y || !double.IsFinite(points[low].Y) ? j : low;
                high = points[j].Y > points[high].Y || !double.IsFinite(points[high].Y) ? j : high;
            }
            kept.Add(points[Math.Min(low, high)]);
            if (low != high)
                kept.Add(points[Math.Max(low, high)]);
        }
        return [.. kept];
    }

    /// <summary>Evenly spaced points, the first and the last among them.</summary>
    internal static Point[] Sample(IReadOnlyList<Point> points, int limit) => points.Count <= limit
        ? [.. points]
        : [.. Enumerable.Range(0, limit).Select(i => points[(int)((long)i * (points.Count - 1) / (limit - 1))])];

    /// <summary>The finite values without a share of them at either end.</summary>
    internal static IEnumerable<double> Middle(double[] values, double share)
    {
        var sorted = values.Where(double.IsFinite).Order().ToArray();
        var cut = (int)(share * sorted.Length);
        return sorted.Skip(cut).Take(sorted.Length - 2 * cut);
    }

    /// <summary>
    /// Mean over about <paramref name="span"/> points around each, over fewer towards the ends so that it never lags; what is not finite
    /// does not count.
    /// </summary>
    internal static Point[] Smooth(IReadOnlyList<Point> points, int span)
    {
        var (sums, counts) = (new double[points.Count + 1], new int[points.Count + 1]);
        for (var i = 0; i < points.Count; i++)
        {
            var finite = double.IsFinite(points[i].Y);
            (sums[i + 1], counts[i + 1]) = (sums[i] + (finite ? points[i].Y : 0), counts[i] + (finite ? 1 : 0));
        }
        return [.. points.Select((point, i) =>
        {
            var half = Math.Min(span / 2, Math.Min(i, points.Count - 1 - i));
            var (from, to) = (i - half, i + half + 1);
            return point with { Y = counts[to] > counts[from] ? (sums[to] - sums[from]) / (counts[to] - counts[from]) : double.NaN };
        })];
    }

    /// <summary>First and one past the last of what falls into a bin; never empty while there are no more bins than values.</summary>
    internal static (int From, int To) Bounds(int bin, int count, int bins) =>
        ((int)((long)bin * count / bins), (int)((long)(bin + 1) * count / bins));
}
