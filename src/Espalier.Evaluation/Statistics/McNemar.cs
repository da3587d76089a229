namespace Espalier.Evaluation.Statistics;

/// <summary>Whether two models are right about equally many of the same documents (McNemar 1947), exactly, by the binomial.</summary>
internal static class McNemar
{
    /// <summary>
    /// The two-sided probability of a difference at least so large where both are equally good: each document of which one alone is right
    /// is as likely the one's as the other's. 1 where there is none.
    /// </summary>
    public static double Probability(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var (few, all) = (Math.Min(onlyFirst, onlySecond), onlyFirst + onlySecond);
        // Each term out of the one before it; logarithms, for 2⁻ⁿ underflows.
        var (term, sum) = (-all * Math.Log(2), 0.0);
        for (var k = 0; k <= few; k++)
        {
            sum += Math.Exp(term);
            term += Math.Log(all - k) - Math.Log(k + 1);
        }
        return Math.Min(1, 2 * sum);
    }
}
