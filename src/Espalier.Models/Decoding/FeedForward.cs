using Espalier.Torch;

namespace Espalier.Models;

/// <summary>The feed-forward block: gated SiLU or GELU, or ungated squared ReLU (Nemotron).</summary>
internal sealed class FeedForward(ActivationKind activation, int layer)
{
    /// <summary>Null where the activation has no gate.</summary>
    public required Projection? GateProj { get; init; }

    public required Projection UpProj { get; init; }

    public required Projection DownProj { get; init; }

    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var up_BTF = UpProj.Forward(x_BTD, context.Compute);
        var z_BTF = GateProj?.Forward(x_BTD, context.Compute) ?? up_BTF;
        context.Emit(TapPoint.MlpPreActivation, layer, z_BTF);
        var y_BTF = activation switch
        {
            ActivationKind.SwiGlu => z_BTF.SiluMul(up_BTF),
            ActivationKind.GeGlu => z_BTF.GeluMul(up_BTF),
            ActivationKind.SquaredRelu => z_BTF.SquaredRelu(),
            _ => throw new InvalidOperationException($"activation {activation}"),
        };
        context.Emit(TapPoint.MlpIntermediate, layer, y_BTF);
        return DownProj.Forward(y_BTF, context.Compute);
    }
}
