using Espalier.Torch;

namespace Espalier.Models.Generation;

/// <summary>What <see cref="Normalization"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowNorm(PackedWeights weights, ParameterRole weight, ParameterRole bias, int layer)
{
    /// <summary>The norm of a layer, or null where it has none.</summary>
    public static RowNorm? Maybe(PackedWeights weights, ParameterRole weight, ParameterRole bias, int layer) =>
        weights.Row(weight, layer) is null ? null : new(weights, weight, bias, layer);

    private readonly RowBuffer _weight = weights.NormRow(weight, layer)!;
    private readonly RowBuffer? _bias = weights.Row(bias, layer);

    public void Forward(RowBuffer x, int rows, RowBuffer to)
    {
        if (weights.Config.Norm != NormKind.LayerNorm1p)
            RowOps.RmsNorm(x, rows, _weight, weights.Config.NormEpsilon, to);
        else
            RowOps.LayerNorm1p(x, rows, _weight, _bias!, weights.Config.NormEpsilon, to);
    }
}
