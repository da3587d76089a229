namespace Espalier.Reports.Charts;

/// <summary>A linear axis: its ends and round ticks inside them.</summary>
internal sealed record Axis(double Low, double High, IReadOnlyList<double> Ticks)
{
    private const double Largest = 1e100;
    private const int MostTicks = 12;

    /// <summary>An axis that shows the values; those that are not finite do not count. Without values it runs from 0 to 1.</summary>
    /// <param name="values">What is to be seen.</param>
    /// <param name="margin">Room at either end, as a share of the range.</param>
    /// <param name="about">How many ticks are wanted.</param>
    internal static Axis Over(IEnumerable<double> values, double margin = 0, int about = 5)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values.Where(value => Math.Abs(value) <= Largest))
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low > high)
            (low, high) = (0, 1);
        if (high - low <= 1e-12 * Math.Abs(high))
        {
            var half = high == 0 ? 0.5 : Math.Abs(high) * 0.1;
            (low, high) = (low - half, high + half);
        }
        var room = margin * (high - low);
        return Between(low - room, high + room, about);
    }

    /// <summary>An axis with given ends.</summary>
    internal static Axis Between(double low, double high, int about = 5)
    {
        var rough = (high - low) / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * (rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 };
        var first = Math.Ceiling(low / step - 1e-9);
        var ticks = Enumerable.Range(0, MostTicks).Select(i => (first + i) * step).TakeWhile(tick => tick <= high + 1e-9 * step);
        return new(low, high, [.. ticks]);
    }

    /// <summary>Where a value lies between two pixels.</summary>
    internal double Place(double value, double from, double to) => from + (value - Low) / (High - Low) * (to - from);
}
