namespace Espalier.Compression.Search.Constraints;

/// <summary>What a quantity may be, both ends included: <c>4.0B +-5%</c>, <c>7.80B to 8.50B</c>, <c>&lt;= 3M</c>.</summary>
/// <param name="Least">Lower end, 0 for none.</param>
/// <param name="Most">Upper end.</param>
internal readonly record struct Budget(double Least, double Most)
{
    /// <summary>The three forms, as a pattern of JSON Schema; units differ.</summary>
    public static string Pattern
    {
        get
        {
            const string quantity = "[+]?[0-9.]+([eE][-+]?[0-9]+)? *[a-zA-Z]{0,3}";
            return $"^(<= *{quantity}|{quantity} +to +{quantity}|{quantity} *([+]-|±) *[0-9.]+([eE][-+]?[0-9]+)? *%?) *$";
        }
    }

    /// <summary>Reads a budget of a count such as <c>3M</c>.</summary>
    public static Budget OfCount(string text) =>
        Parse(text, part => Quantity.Count(part) ?? Quantity.Number(part), "3M +-5%, 2.8M to 3.2M or <= 3M");

    /// <summary>Reads a budget of bytes: <c>8GiB</c>, <c>512MB</c>; without a unit bytes.</summary>
    public static Budget OfBytes(string text) => Parse(text, Quantity.Bytes, "<= 8GiB or 500MB to 1GB");

    /// <summary>Reads a budget of seconds: <c>20ms</c>, <c>0.5s</c>; without a unit seconds.</summary>
    public static Budget OfSeconds(string text) => Parse(text, Quantity.Seconds, "<= 20ms or 10ms to 0.1s");

    /// <summary>How far outside a value lies, as a share of the end that it misses; 0 inside.</summary>
    public double Distance(double value) => value < Least ? (Least - value) / Least : value > Most ? (value - Most) / Most : 0;

    /// <summary>The form that reads back as the same budget.</summary>
    public override string ToString() => Least > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{Least:R} to {Most:R}")
        : string.Create(CultureInfo.InvariantCulture, $"<= {Most:R}");

    private static Budget Parse(string text, Func<string, double?> number, string examples)
    {
        EspalierException Wrong() => new($"'{OneLine.Clipped(text)}' is not a budget; write {examples}");
        double Positive(string part) => number(part.Trim()) is > 0 and { } value && double.IsFinite(value) ? value : throw Wrong();
        if (text.StartsWith("<=", StringComparison.Ordinal))
            return new(0, Positive(text[2..]));
        if (text.Split(" to ") is [var first, var last])
            return Positive(first) <= Positive(last) ? new(Positive(first), Positive(last))
                : throw new EspalierException($"'{OneLine.Clipped(text)}' is reversed; the smaller number comes first");
        if (text.Replace("±", "+-", StringComparison.Ordinal).Split("+-") is not [var middle, var share])
            throw Wrong();
        if (Quantity.Share(share.Trim()) is not (>= 0 and < 1 and { } part))
            throw Wrong();
        // In decimal where it can be: 3M less 5 % is 2,850,000 and not a hair beside it.
        var value = Positive(middle);
        return value < 1e18 && value > 1e-9
            ? new((double)((decimal)value * (1 - (decimal)part)), (double)((decimal)value * (1 + (decimal)part)))
            : new(value * (1 - part), value * (1 + part));
    }
}
