namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// Scale s and minimum m of weights that are stored as s · q - m, q from 0 to a limit and m not negative. Ranges around that of the
/// weights give quants; the best s and m for those solve two equations (weighted least squares), and what they leave is compared.
/// </summary>
internal static class AffineSearch
{
    private const int Steps = 20;

    /// <summary>Scale and minimum that leave little.</summary>
    /// <param name="x">The weights.</param>
    /// <param name="w">What an error costs, for each.</param>
    /// <param name="most">The largest quant: 15 of 4 bits.</param>
    public static (float Scale, float Minimum) Best(ReadOnlySpan<float> x, ReadOnlySpan<float> w, int most)
    {
        var (low, high) = (0f, float.NegativeInfinity);
        foreach (var weight in x)
            (low, high) = (MathF.Min(low, weight), MathF.Max(high, weight));
        if (high <= low || BlockSums.Inverse(high - low) == 0)
            return (0, -low);

        var (sw, sx, xx) = BlockSums.Moments(x, w);
        var (least, scale, minimum) = (double.PositiveInfinity, 0.0, 0.0);
        for (var step = 0; step <= Steps; step++)
            Try(x, w, (most - 1 + step * 0.1f) / (high - low), low);
        // Once more, from the quants that the best pair itself gives.
        if (scale > 0)
            Try(x, w, (float)(1 / scale), (float)-minimum);
        return ((float)scale, (float)minimum);

        void Try(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float inverse, float from)
        {
            var (q, qq, xq) = BlockSums.Affine(x, w, inverse, from, most);
            var determinant = (double)sw * qq - (double)q * q;
            var (s, m) = determinant > 1e-9 * sw * qq
                ? (((double)sw * xq - (double)sx * q) / determinant, ((double)q * xq - (double)qq * sx) / determinant) : (0, -1);
            if (m < 0)
                (s, m) = qq > 0 ? (xq / (double)qq, 0) : (0, 0);
            var left = xx + s * s * qq + m * m * sw - 2 * s * m * q - 2 * s * xq + 2 * m * sx;
            if (s > 0 && left < least)
                (least, scale, minimum) = (left, s, m);
        }
    }
}
