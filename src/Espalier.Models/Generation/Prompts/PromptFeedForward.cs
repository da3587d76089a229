using Espalier.Models.FeedForwards;
using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Prompts;

/// <summary>What <see cref="FeedForward"/> computes, on the positions of a prompt in memory that is there.</summary>
internal sealed class PromptFeedForward
{
    private readonly PromptWorkspace _work;
    private readonly ActivationKind _activation;
    private readonly PanelProduct _up, _down;
    private readonly PanelProduct? _gate;

    public PromptFeedForward(PackedWeights weights, int layer, PromptWorkspace work, PanelBuffer to)
    {
        (_work, _activation) = (work, weights.Config.LayerKinds[layer].Activation);
        PanelProduct Of(ParameterRole weight, ParameterRole bias, PanelBuffer into) =>
            new(weights.Matrix(weight, layer), weights.Row(bias, layer), into);
        _up = Of(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, work.Units);
        _down = Of(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, to);
        if (weights.Config.LayerKinds[layer].HasGate)
            _gate = Of(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, work.Units);
    }

    /// <summary>Takes positions through, to where the results go.</summary>
    /// <param name="x">Positions of the stream, normed.</param>
    /// <param name="positions">How many.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    public void Forward(PanelBuffer x, int positions, bool adds)
    {
        if (_gate is { } gate && _activation == ActivationKind.GeGlu)
            PanelOps.GeluMul(x, positions, gate, _up);
        else if (_gate is { } given)
            PanelOps.SiluMul(x, positions, given, _up);
        else
        {
            PanelOps.Product(x, positions, adds: false, _up);
            var (units, panels) = (_work.Units.Memory, PanelBuffer.PanelsOf(positions));
            if (_activation == ActivationKind.Gelu)
                RowOps.Gelu(units, panels);
            else
                RowOps.SquaredRelu(units, panels);
        }
        PanelOps.Product(_work.Units, positions, adds, _down);
    }
}
