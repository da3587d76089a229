namespace Espalier.Benchmarks;

/// <summary>Median and the values that a fifth lies below and above.</summary>
internal sealed record Quantiles(double Median, double P20, double P80)
{
    /// <summary>(p80 - p20) / median.</summary>
    public double Spread => Median == 0 ? 0 : Rounded((P80 - P20) / Math.Abs(Median));

    public static Quantiles Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double At(double share) => Rounded(sorted[(int)Math.Round(share * (sorted.Length - 1))]);
        return new(At(0.5), At(0.2), At(0.8));
    }

    public static Quantiles Exactly(double value) => new(Rounded(value), Rounded(value), Rounded(value));

    // Four digits that count, whatever the unit.
    private static double Rounded(double value)
    {
        if (value == 0 || !double.IsFinite(value))
            return value;
        var digits = 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)));
        return digits >= 0 ? Math.Round(value, Math.Min(digits, 15)) : Math.Round(value);
    }
}
