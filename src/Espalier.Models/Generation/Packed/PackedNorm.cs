namespace Espalier.Models.Generation.Packed;

/// <summary>What <see cref="Normalization"/> computes, in memory that is there: on rows, or on positions in panels.</summary>
internal sealed class PackedNorm(PackedWeights weights, ParameterRole weight, ParameterRole bias, int layer)
{
    /// <summary>The norm of a layer, or null where it has none.</summary>
    public static PackedNorm? Maybe(PackedWeights weights, ParameterRole weight, ParameterRole bias, int layer) =>
        weights.Row(weight, layer) is null ? null : new(weights, weight, bias, layer);

    private readonly RowBuffer _weight = weights.NormRow(weight, layer)!;
    private readonly RowBuffer? _bias = weights.Row(bias, layer);

    public void Forward(RowBuffer x, int rows, RowBuffer to)
    {
        var (norm, epsilon) = (weights.Config.Norm, weights.Config.NormEpsilon);
        if (norm is NormKind.LayerNorm or NormKind.LayerNorm1p)
            RowOps.LayerNorm(x, rows, _weight, _bias!, epsilon, to, plus: norm == NormKind.LayerNorm1p ? 1 : 0);
        else
            RowOps.RmsNorm(x, rows, _weight, epsilon, to);
    }

    public void Forward(PanelBuffer x, int positions, PanelBuffer to)
    {
        var (norm, epsilon) = (weights.Config.Norm, weights.Config.NormEpsilon);
        if (norm is NormKind.LayerNorm or NormKind.LayerNorm1p)
            PanelOps.LayerNorm(x, positions, _weight, _bias!, epsilon, to, plus: norm == NormKind.LayerNorm1p ? 1 : 0);
        else
            PanelOps.RmsNorm(x, positions, _weight, epsilon, to);
    }
}
