namespace Espalier.Compression.Importance;

/// <summary>How many units of an axis two scorings would keep, for the comparison of what they keep.</summary>
/// <param name="Share">Of every axis whose size is not given.</param>
public sealed record KeptSizes(double Share)
{
    /// <summary>Two thirds: a cut of a third is what the papers find safe in one step.</summary>
    public const double DefaultShare = 2.0 / 3;

    /// <summary>Neurons of a layer; null is the share.</summary>
    public int? Neurons { get; init; }

    /// <summary>Query heads of a layer; null is the share.</summary>
    public int? Heads { get; init; }

    /// <summary>Channels; null is the share.</summary>
    public int? Channels { get; init; }

    /// <summary>Layers; null is the share.</summary>
    public int? Layers { get; init; }

    /// <summary>The size that was asked for, or the share, rounded, and at least 1.</summary>
    /// <exception cref="EspalierException">More or fewer than there are.</exception>
    internal int Of(string axis, int? asked, int units) => asked switch
    {
        null => Math.Max(1, (int)Math.Round(Share * units)),
        < 1 => throw new EspalierException($"{asked} {axis} are to be kept, and at least 1 must be"),
        { } size when size > units => throw new EspalierException($"{size} {axis} are to be kept and there are {units}"),
        { } size => size,
    };
}
