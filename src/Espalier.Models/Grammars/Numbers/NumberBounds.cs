using System.Numerics;

namespace Espalier.Models.Grammars.Numbers;

/// <summary>A decimal number as JSON writes it, exactly: <see cref="Value"/> divided by ten to the power of <see cref="Scale"/>.</summary>
/// <param name="Value">The digits.</param>
/// <param name="Scale">How many of them come after the point.</param>
internal readonly record struct ExactDecimal(BigInteger Value, int Scale)
{
    // What a float64 can hold, and no number whose digits would fill the memory.
    private const int MostExponent = 400;

    /// <summary>Reads a number; null where it is none, or its exponent is beyond any that is meant.</summary>
    public static ExactDecimal? Of(JsonElement number)
    {
        if (number.ValueKind != JsonValueKind.Number)
            return null;
        var text = number.GetRawText();
        var e = text.AsSpan().IndexOfAny('e', 'E');
        var exponent = 0;
        if (e >= 0 && (!int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent)
            || Math.Abs(exponent) > MostExponent) || text.Length > MostExponent)
            return null;
        var digits = e < 0 ? text : text[..e];
        var point = digits.IndexOf('.', StringComparison.Ordinal);
        var value = BigInteger.Parse(digits.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        var scale = (point < 0 ? 0 : digits.Length - point - 1) - exponent;
        return scale < 0 ? new(value * BigInteger.Pow(10, -scale), 0) : new ExactDecimal(value, scale).Shortest();
    }

    /// <summary>How often a unit of so many digits after the point goes into it, rounded down.</summary>
    public BigInteger Floor(int scale) => Units(scale, up: false);

    /// <summary>The same, rounded up.</summary>
    public BigInteger Ceiling(int scale) => Units(scale, up: true);

    /// <summary>Whether it is a whole number of such units.</summary>
    public bool IsWhole(int scale) => Floor(scale) == Ceiling(scale);

    private BigInteger Units(int scale, bool up)
    {
        if (scale >= Scale)
            return Value * BigInteger.Pow(10, scale - Scale);
        var quotient = BigInteger.DivRem(Value, BigInteger.Pow(10, Scale - scale), out var rest);
        return rest.Sign < 0 && !up ? quotient - 1 : rest.Sign > 0 && up ? quotient + 1 : quotient;
    }

    private ExactDecimal Shortest()
    {
        var (value, scale) = (Value, Scale);
        while (scale > 0 && value % 10 == 0)
            (value, scale) = (value / 10, scale - 1);
        return new(value, scale);
    }
}

/// <summary>Which numbers a schema lets in. Null is no bound.</summary>
internal sealed record NumberBounds
{
    /// <summary>The smallest, or what every number must be above.</summary>
    public ExactDecimal? Least { get; init; }

    /// <summary>Whether the number must be above <see cref="Least"/>.</summary>
    public bool IsAboveLeast { get; init; }

    /// <summary>The largest, or what every number must be below.</summary>
    public ExactDecimal? Most { get; init; }

    /// <summary>Whether the number must be below <see cref="Most"/>.</summary>
    public bool IsBelowMost { get; init; }

    /// <summary>What it must be a multiple of, above 0.</summary>
    public ExactDecimal? Step { get; init; }

    public bool AreNone => Least is null && Most is null && Step is null;

    /// <summary>The smallest whole number of units of so many digits after the point; null for no bound.</summary>
    public BigInteger? LeastUnits(int scale) => Least is not { } least ? null
        : least.Ceiling(scale) + (IsAboveLeast && least.IsWhole(scale) ? 1 : 0);

    public BigInteger? MostUnits(int scale) => Most is not { } most ? null
        : most.Floor(scale) - (IsBelowMost && most.IsWhole(scale) ? 1 : 0);

    /// <summary>Whether any number is within them, however many digits it has.</summary>
    /// <param name="isWhole">Whether it is a whole one.</param>
    public bool HoldAny(bool isWhole)
    {
        if (Least is not { } least || Most is not { } most)
            return true;
        // The numbers that are asked for are those that are a whole number of steps; without any, two bounds have some between them.
        if (Step is null && !isWhole)
            return Compare(least, most) is var order && (order < 0 || order == 0 && !IsAboveLeast && !IsBelowMost);
        var scale = Math.Max(Math.Max(least.Scale, most.Scale), Step?.Scale ?? 0);
        var (unit, step) = (BigInteger.Pow(10, scale), Step?.Floor(scale) ?? BigInteger.One);
        if (isWhole)
            step = Step is null ? unit : step / BigInteger.GreatestCommonDivisor(step, unit) * unit;
        var (from, to) = (LeastUnits(scale)!.Value, MostUnits(scale)!.Value);
        var rest = BigInteger.Remainder(from, step);
        return (rest.IsZero ? from : from - rest + (rest.Sign > 0 ? step : 0)) <= to;
    }

    public static int Compare(ExactDecimal a, ExactDecimal b)
    {
        var scale = Math.Max(a.Scale, b.Scale);
        return a.Floor(scale).CompareTo(b.Floor(scale));
    }

    public NumberBounds Negated() => new()
    {
        Least = Negated(Most),
        IsAboveLeast = IsBelowMost,
        Most = Negated(Least),
        IsBelowMost = IsAboveLeast,
        Step = Step,
    };

    private static ExactDecimal? Negated(ExactDecimal? number) => number is { } known ? known with { Value = -known.Value } : null;
}
