namespace Espalier.Compression.Importance.Comparison;

/// <summary>How many units of an axis two scorings would keep, for the comparison of what they keep.</summary>
/// <param name="Share">Of every axis whose size is not given.</param>
internal sealed record KeptSizes(double Share)
{
    /// <summary>Two thirds: a cut of a third is what the papers find safe in one step.</summary>
    public const double DefaultShare = 2.0 / 3;

    /// <summary>Sizes: of a layer, or of the network.</summary>
    public PerAxis<int?> Sizes { get; init; } = new();

    /// <summary>The size that was asked for, or the share, rounded, and at least 1.</summary>
    /// <exception cref="EspalierException">More or fewer than there are.</exception>
    internal int Of(Axis axis, int units) => Sizes[axis] switch
    {
        null => Math.Max(1, (int)Math.Round(Quantity.Part(Share, units))),
        { } size when size < 1 => throw new EspalierException($"{size} {axis.Units} cannot be kept; at least 1 must be"),
        { } size when size > units => throw new EspalierException($"{size} {axis.Units} cannot be kept; there are only {units}"),
        { } size => size,
    };
}
