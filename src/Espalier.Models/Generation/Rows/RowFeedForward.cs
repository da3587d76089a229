using Espalier.Models.FeedForwards;
using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Rows;

/// <summary>What <see cref="FeedForward"/> computes, on a few rows in memory that is there.</summary>
internal sealed class RowFeedForward : IRowFeedForward
{
    private readonly RowWorkspace _work;
    private readonly LayerKind _kind;
    private readonly RowProduct _up, _down;
    private readonly RowProduct? _gate;

    public RowFeedForward(PackedWeights weights, int layer, RowWorkspace work, RowBuffer to)
    {
        (_work, _kind) = (work, weights.Config.LayerKinds[layer]);
        RowProduct Of(ParameterRole weight, ParameterRole bias, RowBuffer to) =>
            new(weights.Matrix(weight, layer), weights.Row(bias, layer), to);
        _up = Of(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, work.Up);
        _down = Of(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, to);
        if (weights.Config.LayerKinds[layer].HasGate)
            _gate = Of(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, work.Gate);
    }

    public void Forward(RowBuffer x, int rows, bool adds)
    {
        if (_gate is { } gate)
            RowOps.Product(x, rows, adds: false, gate, _up);
        else
            RowOps.Product(x, rows, adds: false, _up);
        Units(_kind, _work.Gate, _work.Up, rows);
        RowOps.Product(_gate is null ? _work.Up : _work.Gate, rows, adds, _down);
    }

    /// <summary>What the down projection reads: into the gates, into the rows of up where there are none.</summary>
    public static void Units(LayerKind kind, RowBuffer gate, RowBuffer up, int rows)
    {
        if (kind.Activation == ActivationKind.GeGlu)
            RowOps.GeluMul(gate, up, rows);
        else if (kind.Activation == ActivationKind.SwiGlu)
            RowOps.SiluMul(gate, up, rows);
        else if (kind.Activation == ActivationKind.ClampedSwiGlu)
            RowOps.ClampedSiluMul(gate, up, rows, kind.ActivationLimit);
        else if (kind.Activation == ActivationKind.Gelu)
            RowOps.Gelu(up, rows);
        else
            RowOps.SquaredRelu(up, rows);
    }
}
