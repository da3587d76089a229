namespace Espalier.Files;

/// <summary>
/// Numbers as recipes and options write them: <c>1e-3</c>, <c>2%</c>, <c>300k</c>, <c>1.5M</c>, <c>94B</c>, <c>8GiB</c>, <c>20ms</c>.
/// </summary>
internal static class Quantity
{
    private const decimal Most = 1e18m;

    private static readonly (string Unit, double Scale)[] s_bytes =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
    ];

    private static readonly (string Unit, double Scale)[] s_seconds = [("us", 1e-6), ("ms", 1e-3), ("s", 1)];

    /// <summary>A finite number; null where it is none.</summary>
    public static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>A share, in percent or as a fraction; null where it is none.</summary>
    public static double? Share(string text)
    {
        // In decimal, so that 2% is the same number as 0.02.
        if (text.EndsWith('%'))
            return decimal.TryParse(text.AsSpan()[..^1].TrimEnd(), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent)
                ? (double)(percent / 100) : null;
        return Number(text);
    }

    /// <summary>
    /// A share of so many, exactly as it was written: 7 % of 100 is 7, and 29 % of 100 is 29, which a product of doubles just misses.
    /// </summary>
    public static decimal Part(double share, long whole) => (decimal)share * whole;

    /// <summary>A whole number with or without k, M, B, T (10³ to 10¹²) after it; null where it is none or beyond 10¹⁸.</summary>
    public static long? Count(string text)
    {
        var scale = text.Length == 0 ? 1m :
            char.ToUpperInvariant(text[^1]) switch { 'K' => 1e3m, 'M' => 1e6m, 'B' => 1e9m, 'T' => 1e12m, _ => 1m };
        var digits = scale == 1m ? text.AsSpan() : text.AsSpan()[..^1].TrimEnd();
        if (!decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) || Math.Abs(number) > Most / scale)
            return null;
        number *= scale;
        return decimal.Truncate(number) == number ? (long)number : null;
    }

    /// <summary>Bytes: <c>8GiB</c>, <c>512 MB</c>, without a unit bytes; null where it is none. Letter case is free.</summary>
    public static double? Bytes(string text) => Scaled(text, s_bytes);

    /// <summary>Seconds: <c>20ms</c>, <c>0.5s</c>, without a unit seconds; null where it is none. Letter case is free.</summary>
    public static double? Seconds(string text) => Scaled(text, s_seconds);

    private static double? Scaled(string text, (string Unit, double Scale)[] units)
    {
        foreach (var (unit, scale) in units)
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                return Number(text[..^unit.Length].Trim()) * scale;
        return Number(text);
    }
}
