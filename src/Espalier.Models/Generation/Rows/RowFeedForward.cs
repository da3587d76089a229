using Espalier.Models.FeedForwards;
using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Rows;

/// <summary>What <see cref="FeedForward"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowFeedForward : IRowFeedForward
{
    private readonly LayerKind _kind;
    private readonly MatrixProduct<RowBuffer> _up, _down;
    private readonly MatrixProduct<RowBuffer>? _gate;

    public RowFeedForward(PackedWeights weights, int layer, RowWorkspace work, RowBuffer to)
    {
        _kind = weights.Config.LayerKinds[layer];
        _up = weights.Product(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, layer, work.Up);
        _down = weights.Product(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, layer, to);
        if (weights.Config.LayerKinds[layer].HasGate)
            _gate = weights.Product(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, layer, work.Gate);
    }

    public void Forward(RowBuffer x, int rows, bool adds) =>
        RowOps.Product(Units(_kind, x, rows, _gate, _up), rows, adds, _down);

    /// <summary>What the down projection reads of x: see <see cref="Activate"/>.</summary>
    public static RowBuffer Units(
        LayerKind kind, RowBuffer x, int rows, MatrixProduct<RowBuffer>? gate, MatrixProduct<RowBuffer> up)
    {
        if (gate is { } given)
            RowOps.Product(x, rows, adds: false, given, up);
        else
            RowOps.Product(x, rows, adds: false, up);
        return Activate(kind, rows, gate, up);
    }

    /// <summary>Makes units of what both products gave: in the gates' room, in that of up where there are none.</summary>
    public static RowBuffer Activate(LayerKind kind, int rows, MatrixProduct<RowBuffer>? gate, MatrixProduct<RowBuffer> up)
    {
        var (units, values) = (gate?.To ?? up.To!, up.To!);
        if (kind.Activation == ActivationKind.GeGlu)
            RowOps.GeluMul(units, values, rows);
        else if (kind.Activation == ActivationKind.SwiGlu)
            RowOps.SiluMul(units, values, rows);
        else if (kind.Activation == ActivationKind.ClampedSwiGlu)
            RowOps.ClampedSiluMul(units, values, rows, kind.ActivationLimit);
        else if (kind.Activation == ActivationKind.Gelu)
            RowOps.Gelu(units, rows);
        else
            RowOps.SquaredRelu(units, rows);
        return units;
    }
}
