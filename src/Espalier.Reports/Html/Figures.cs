namespace Espalier.Reports.Html;

/// <summary>Numbers of the report, the same on every machine. What is not finite is said so.</summary>
internal static class Figures
{
    /// <summary>What stands where a number is missing.</summary>
    internal const string None = "–";

    /// <summary>Three decimals: nats, bits.</summary>
    internal static string Loss(double value) => Or(value, "0.000");

    /// <summary>1.234 ± 0.021; 1.234 where there is no standard error.</summary>
    internal static string LossWithError(double value, double error) =>
        error == 0 ? Loss(value) : $"{Loss(value)} ± {LossError(error)}";

    /// <summary>0.021; a dash of one window or text, whose standard error nobody knows.</summary>
    internal static string LossError(double error) => error == 0 ? None : Loss(error);

    /// <summary>+0.123, -0.045, as differences of benchmarks are written.</summary>
    internal static string Signed(double value) => Or(value, "+0.000;-0.000;0.000");

    /// <summary>Digits that matter.</summary>
    internal static string Short(double value) => double.IsFinite(value) ? Units.Short(value) : Or(value, "");

    /// <summary>38.2 %, of two counts.</summary>
    internal static string Share(double part, double whole) => whole > 0 ? Or(100 * part / whole, "0.0") + " %" : None;

    /// <summary>0.25, 150, 1e-4: labels of axes.</summary>
    internal static string Tick(double value) => value == 0 ? "0"
        : Math.Abs(value) is < 1e-2 or >= 1e6 ? Or(value, "0.##e0") : Or(value, "0.####");

    /// <summary>A coordinate: a tenth of a pixel is enough.</summary>
    internal static string Pixel(double value) => Or(Math.Clamp(value, -1e5, 1e5), "0.#");

    /// <summary>Seconds as people say them.</summary>
    internal static string Time(double seconds) => !double.IsFinite(seconds) || seconds < 0 ? None
        : seconds < 10 ? Or(seconds, "0.0") + " s" : Units.Time(TimeSpan.FromSeconds(Math.Min(seconds, 1e10)));

    private static string Or(double value, string format) =>
        double.IsNaN(value) ? "not a number" : double.IsInfinity(value) ? "infinite" : value.ToString(format, CultureInfo.InvariantCulture);
}
