using Espalier.Models.FeedForwards;
using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Prompts;

/// <summary>What <see cref="FeedForward"/> computes, on the positions of a prompt in memory that is there.</summary>
internal sealed class PromptFeedForward
{
    private readonly PromptWorkspace _work;
    private readonly ActivationKind _activation;
    private readonly MatrixProduct<PanelBuffer> _up, _down;
    private readonly MatrixProduct<PanelBuffer>? _gate;

    public PromptFeedForward(PackedWeights weights, int layer, PromptWorkspace work, PanelBuffer to)
    {
        (_work, _activation) = (work, weights.Config.LayerKinds[layer].Activation);
        _up = weights.Product(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, layer, work.Units);
        _down = weights.Product(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, layer, to);
        if (weights.Config.LayerKinds[layer].HasGate)
            _gate = weights.Product(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, layer, work.Units);
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
