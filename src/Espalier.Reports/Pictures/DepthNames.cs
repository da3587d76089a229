using System.Text.Json;
using Espalier.Compression.Importance.Depth;

namespace Espalier.Reports.Pictures;

/// <summary>The names that metrics of depth have on the command line, in recipes and in files.</summary>
internal static class DepthNames
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Metrics { get; } = [.. Enum.GetValues<DepthMetricKind>().Select(Of)];

    /// <summary>A metric's.</summary>
    public static string Of(DepthMetricKind kind) => JsonNamingPolicy.KebabCaseLower.ConvertName(kind.ToString());

    /// <summary>The metric of a name.</summary>
    public static DepthMetricKind Parse(string name)
    {
        foreach (var kind in Enum.GetValues<DepthMetricKind>())
            if (Of(kind) == name)
                return kind;
        throw new EspalierException(
            $"--metrics: '{name}' is not known.{NearestName.Hint(name, [.. Metrics])} Known are {string.Join(", ", Metrics)} and all");
    }
}
