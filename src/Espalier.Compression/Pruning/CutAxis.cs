using Espalier.Models.Families;

namespace Espalier.Compression.Pruning;

/// <summary>What an axis of a parameter counts, as far as pruning cares.</summary>
internal enum CutAxis
{
    /// <summary>Nothing that is cut: vocabulary, entries of a head.</summary>
    Whole,

    /// <summary>Channels of the residual stream.</summary>
    Channels,

    /// <summary>Neurons of the layer.</summary>
    Neurons,

    /// <summary>Query heads of the layer, each with all its entries.</summary>
    Heads,

    /// <summary>Key/value heads of the layer, each with all its entries.</summary>
    KvHeads,
}

/// <summary>Which axis of which parameter belongs to which units: what slicing cuts, and what scores by weights add up.</summary>
internal static class CutAxes
{
    /// <summary>The units along a parameter's axis: 0 its rows (or entries), 1 its columns.</summary>
    public static CutAxis Of(ParameterRole role, int dimension) => (role, dimension) switch
    {
        (ParameterRole.Embedding or ParameterRole.Head, 0) => CutAxis.Whole,
        (ParameterRole.QueryProjection or ParameterRole.QueryProjectionBias, 0) => CutAxis.Heads,
        (ParameterRole.KeyProjection or ParameterRole.ValueProjection or ParameterRole.KeyProjectionBias or ParameterRole.ValueProjectionBias, 0) => CutAxis.KvHeads,
        (ParameterRole.QueryNorm or ParameterRole.KeyNorm, _) => CutAxis.Whole,
        (ParameterRole.OutputProjection, 1) => CutAxis.Heads,
        (ParameterRole.GateProjection or ParameterRole.UpProjection or ParameterRole.GateProjectionBias or ParameterRole.UpProjectionBias, 0) => CutAxis.Neurons,
        (ParameterRole.DownProjection, 1) => CutAxis.Neurons,
        _ => CutAxis.Channels,
    };
}
