namespace Espalier.Files;

/// <summary>Quantities as people read them; <see cref="Quantity"/> reads what they write.</summary>
internal static class Units
{
    /// <summary>1.5 GiB.</summary>
    public static string Bytes(long bytes) => Scaled(bytes, 1024, [" bytes", " KiB", " MiB", " GiB", " TiB"]);

    /// <summary>0.29 MB, 3.5 GB: memory, in the units that options take.</summary>
    public static string Memory(double bytes) => bytes < 1e9
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.##} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.##} GB");

    /// <summary>123456 bytes, 14.8 MB, 1.25 GB: room on a disk, to the byte where that can matter.</summary>
    /// <param name="like">What chooses the unit, so that quantities that are compared have the same one; by default itself.</param>
    public static string Room(long bytes, long? like = null) => (like ?? bytes) switch
    {
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
    };

    /// <summary>1,234,567: a count to the last digit.</summary>
    public static string Exact(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>1.23M, 8.03B: counts of parameters and tokens.</summary>
    public static string Count(double count) => Scaled(count, 1000, ["", "k", "M", "B", "T"]);

    /// <summary>1 id, 2 ids, 0 windows: a number and its noun.</summary>
    /// <param name="one">The noun of one.</param>
    /// <param name="several">That of several; by default with an s.</param>
    public static string Counted(long count, string one, string? several = null) => $"{count} {(count == 1 ? one : several ?? $"{one}s")}";

    /// <summary>Three digits that matter: 0.123, 1.23, 12.3, 123.</summary>
    public static string Short(double value)
    {
        var size = Math.Abs(value);
        var format = value == Math.Floor(value) && size < 1000 ? "0" :
            size switch { >= 100 => "0", >= 10 => "0.0", >= 1 => "0.00", _ => "0.000" };
        return value.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>1.23 GFLOP, 45.6 PFLOP.</summary>
    public static string Operations(double flops) =>
        Scaled(flops, 1000, [" FLOP", " kFLOP", " MFLOP", " GFLOP", " TFLOP", " PFLOP", " EFLOP", " ZFLOP", " YFLOP"]);

    /// <summary>The same as <see cref="Time"/> up to two days; then 17 days, 4.00 years, and no more than a century: forecasts.</summary>
    public static string LongTime(double seconds) => (seconds / 86400) switch
    {
        >= 36_500 => "more than 100 years",
        >= 1000 and var days => $"{Count(Math.Round(days / 365))} years",
        >= 2 and var days => $"{Math.Round(days)} days",
        _ => Time(TimeSpan.FromSeconds(seconds)),
    };

    /// <summary>45 s, 3 min 20 s, 2 h 5 min.</summary>
    public static string Time(TimeSpan time)
    {
        var seconds = (long)Math.Round(Math.Min(time.TotalSeconds, 1e15));
        return seconds switch
        {
            < 60 => $"{seconds} s",
            < 3600 => $"{seconds / 60} min {seconds % 60} s",
            _ => $"{seconds / 3600} h {seconds % 3600 / 60} min",
        };
    }

    // In the first unit that makes fewer than a step of it, or the last.
    private static string Scaled(double value, double step, string[] units)
    {
        var at = 0;
        for (; Math.Abs(value) >= step && at < units.Length - 1; at++)
            value /= step;
        return Short(value) + units[at];
    }
}
