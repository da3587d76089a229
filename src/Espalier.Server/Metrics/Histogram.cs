using System.Text;

namespace Espalier.Server.Metrics;

/// <summary>How often values fell below each of some limits, as Prometheus reads it. For several threads.</summary>
internal sealed class Histogram(string name, string help)
{
    // A millisecond to five minutes, three a decade.
    private static readonly double[] s_limits = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 300];

    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[s_limits.Length + 1];
    private double _sum;

    public void Observe(double value)
    {
        var at = Array.FindIndex(s_limits, limit => value <= limit);
        lock (_gate)
        {
            _counts[at < 0 ? s_limits.Length : at]++;
            _sum += value;
        }
    }

    /// <summary>Writes it in Prometheus' text format.</summary>
    public void Write(StringBuilder page)
    {
        page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} histogram\n");
        lock (_gate)
        {
            var below = 0L;
            for (var i = 0; i < s_limits.Length; i++)
                page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{s_limits[i]}\"}} {below += _counts[i]}\n");
            below += _counts[^1];
            page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"+Inf\"}} {below}\n{name}_sum {_sum}\n{name}_count {below}\n");
        }
    }
}
