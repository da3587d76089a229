namespace Espalier.Compression.Evaluation;

/// <summary>Student's t distribution.</summary>
internal static class StudentT
{
    private const double Tiny = 1e-300;

    /// <summary>P(|T| &gt; t) = I_x(ν/2, 1/2) with x = ν / (ν + t²).</summary>
    /// <param name="t">From 0.</param>
    /// <param name="degrees">ν, above 0; need not be whole.</param>
    public static double TwoSidedTail(double t, double degrees) => RegularizedBeta(degrees / (degrees + t * t), degrees / 2, 0.5);

    /// <summary>The t that |T| stays below with this probability: half the width of a confidence interval in standard errors.</summary>
    /// <param name="confidence">Above 0 and below 1, such as 0.95.</param>
    /// <param name="degrees">ν, above 0; need not be whole.</param>
    public static double TwoSidedQuantile(double confidence, double degrees)
    {
        var (low, high) = (0.0, 1.0);
        while (TwoSidedTail(high, degrees) > 1 - confidence && high < 1e12)
            high *= 2;
        for (var i = 0; i < 200 && high - low > 1e-13 * high; i++)
        {
            var middle = (low + high) / 2;
            if (TwoSidedTail(middle, degrees) > 1 - confidence)
                low = middle;
            else
                high = middle;
        }
        return (low + high) / 2;
    }

    /// <summary>I_x(a, b), by the continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8).</summary>
    private static double RegularizedBeta(double x, double a, double b)
    {
        if (x is <= 0 or >= 1)
            return x <= 0 ? 0 : 1;
        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));
        // The fraction converges quickly on one side of the mean; the other side is its mirror image.
        return x < (a + 1) / (a + b + 2) ? front * Fraction(x, a, b) / a : 1 - front * Fraction(1 - x, b, a) / b;
    }

    /// <summary>1 / (1 + d₁ / (1 + d₂ / ...)), from the front as a quotient of products (Lentz's method).</summary>
    private static double Fraction(double x, double a, double b)
    {
        var (value, above, below) = (1.0, 1.0, 0.0);
        for (var i = 1; i < 10_000; i++)
        {
            var m = i / 2;
            var d = i % 2 == 0
                ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            below = 1 / NotZero(1 + d * below);
            above = NotZero(1 + d / above);
            var change = above * below;
            value *= change;
            if (Math.Abs(change - 1) < 1e-16)
                break;
        }
        return 1 / value;
    }

    private static double NotZero(double value) => Math.Abs(value) < Tiny ? Tiny : value;

    /// <summary>ln Γ(z) for z above 0: Stirling's series where it is exact to double precision, reached by Γ(z + 1) = z Γ(z).</summary>
    private static double LogGamma(double z)
    {
        var shift = 0.0;
        for (; z < 15; z++)
            shift += Math.Log(z);
        var (i, i2) = (1 / z, 1 / (z * z));
        var series = i * (1.0 / 12 - i2 * (1.0 / 360 - i2 * (1.0 / 1260 - i2 * (1.0 / 1680 - i2 / 1188))));
        return (z - 0.5) * Math.Log(z) - z + 0.5 * Math.Log(2 * Math.PI) + series - shift;
    }
}
