namespace Espalier.Evaluation.Statistics;

/// <summary>
/// The difference of two models' mean scores with its percentile interval: documents are drawn again with what both made of them (Efron and
/// Tibshirani 1993, chapter 13), so that what both find hard cancels out.
/// </summary>
/// <param name="Difference">Mean of first − second.</param>
/// <param name="Lower">Lower end of the 95 % interval.</param>
/// <param name="Upper">Upper end.</param>
internal readonly record struct PairedBootstrap(double Difference, double Lower, double Upper)
{
    /// <summary>Documents are drawn again so often.</summary>
    public const int Resamples = 10_000;

    private const double Outside = 0.05;
    private const int Seed = 1234;

    /// <summary>Compares scores of the same documents; draws as it did before.</summary>
    /// <param name="first">One model's scores.</param>
    /// <param name="second">The other's, in the same order.</param>
    public static PairedBootstrap Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        if (first.Count != second.Count || first.Count == 0)
            throw new ArgumentException($"{first.Count} scores against {second.Count}", nameof(second));
        // Equal differences are drawn together: of right and wrong there are three, whatever the number of documents.
        var counts = first.Zip(second, (a, b) => a - b).GroupBy(difference => difference)
            .Select(same => (Difference: same.Key, Count: same.Count())).OrderBy(entry => entry.Difference).ToArray();
        var n = first.Count;
        var random = new Random(Seed);
        var means = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            var (left, share, sum) = (n, 1.0, 0.0);
            foreach (var (difference, count) in counts)
            {
                var part = (double)count / n;
                var drawn = share <= part ? left : Binomial(random, left, Math.Min(1, part / share));
                (sum, left, share) = (sum + drawn * difference, left - drawn, share - part);
            }
            means[i] = sum / n;
        }
        return Within(counts.Sum(entry => entry.Difference * entry.Count) / n, means);
    }

    /// <summary>The same where documents weigh differently, or a mean is told as something else, such as a perplexity.</summary>
    /// <param name="first">One model's scores.</param>
    /// <param name="second">The other's, in the same order.</param>
    /// <param name="weights">What each document weighs in the means.</param>
    /// <param name="told">What a mean is told as.</param>
    public static PairedBootstrap Of(IReadOnlyList<double> first, IReadOnlyList<double> second, IReadOnlyList<double> weights,
        Func<double, double> told)
    {
        var n = first.Count;
        if (n != second.Count || n != weights.Count || n == 0)
            throw new ArgumentException($"{n} scores against {second.Count}, with {weights.Count} weights", nameof(second));
        var random = new Random(Seed);
        var differences = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
            differences[i] = Difference(Enumerable.Range(0, n).Select(_ => random.Next(n)));
        return Within(Difference(Enumerable.Range(0, n)), differences);

        double Difference(IEnumerable<int> documents)
        {
            var (one, other, all) = (0.0, 0.0, 0.0);
            foreach (var i in documents)
                (one, other, all) = (one + weights[i] * first[i], other + weights[i] * second[i], all + weights[i]);
            return all == 0 ? 0 : told(one / all) - told(other / all);
        }
    }

    private static PairedBootstrap Within(double difference, double[] drawn)
    {
        Array.Sort(drawn);
        return new(difference, drawn[(int)(Resamples * Outside / 2)], drawn[(int)(Resamples * (1 - Outside / 2)) - 1]);
    }

    // Draws from n with probability p: one after the other, or by the normal where there are many.
    private static int Binomial(Random random, int n, double p)
    {
        if (n * p * (1 - p) > 100)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            return Math.Clamp((int)Math.Round(n * p + normal * Math.Sqrt(n * p * (1 - p))), 0, n);
        }
        // Gaps between successes are geometric: as many draws as successes, not as documents.
        if (p is 0 or 1 || n == 0)
            return p == 1 ? n : 0;
        var (isLow, q) = (p <= 0.5, Math.Min(p, 1 - p));
        var (successes, at) = (0, 0.0);
        while ((at += Math.Floor(Math.Log(1 - random.NextDouble()) / Math.Log(1 - q)) + 1) <= n)
            successes++;
        return isLow ? successes : n - successes;
    }
}
