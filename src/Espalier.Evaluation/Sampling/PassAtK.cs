namespace Espalier.Evaluation.Sampling;

/// <summary>How likely one of k samples passes, estimated without bias from n ≥ k of them (arXiv 2107.03374, equation 1).</summary>
internal static class PassAtK
{
    /// <summary>1 − C(n − c, k) / C(n, k), as a product that does not overflow.</summary>
    /// <param name="samples">n, samples of a problem.</param>
    /// <param name="passed">c, how many of them pass.</param>
    /// <param name="k">k, from 1 to n.</param>
    public static double Of(int samples, int passed, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(passed);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(passed, samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, samples);
        if (samples - passed < k)
            return 1;
        var none = 1.0;
        for (var i = samples - passed + 1; i <= samples; i++)
            none *= 1 - (double)k / i;
        return 1 - none;
    }
}
