using Espalier.Torch;

namespace Espalier.Models;

/// <summary>The feed-forward block: gated SiLU or GELU, or ungated squared ReLU (Nemotron) or GELU (StarCoder2).</summary>
internal sealed class FeedForward(ActivationKind activation, int layer) : IFeedForward
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
        var y_BTF = Units(activation, z_BTF, up_BTF);
        context.Emit(TapPoint.MlpIntermediate, layer, y_BTF);
        return DownProj.Forward(y_BTF, context.Compute);
    }

    /// <summary>What the down projection reads.</summary>
    /// <param name="activation">The activation.</param>
    /// <param name="z">What enters it.</param>
    /// <param name="up">What it is multiplied with, of the same shape; not read where there is no gate.</param>
    public static Tensor Units(ActivationKind activation, Tensor z, Tensor up) => activation switch
    {
        ActivationKind.SwiGlu => z.SiluMul(up),
        ActivationKind.GeGlu => z.GeluMul(up),
        ActivationKind.SquaredRelu => z.SquaredRelu(),
        ActivationKind.Gelu => z.Gelu(),
        _ => throw new InvalidOperationException($"activation {activation}"),
    };
}
