using Espalier.Compression.Importance;

namespace Espalier.Cli.Commands;

/// <summary>What <c>score --compare</c> prints.</summary>
internal sealed record ScoreComparisonReport
{
    /// <summary>The first file.</summary>
    public required string A { get; init; }

    /// <summary>The second file.</summary>
    public required string B { get; init; }

    /// <summary>What of their provenance differs.</summary>
    public required IReadOnlyList<ProvenanceDifference> Differences { get; init; }

    /// <summary>neurons, heads, channels, layers.</summary>
    public required IReadOnlyList<AxisAgreement> Axes { get; init; }
}
