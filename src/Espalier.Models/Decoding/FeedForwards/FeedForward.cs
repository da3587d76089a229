namespace Espalier.Models.FeedForwards;

/// <summary>
/// The feed-forward block: gated SiLU or GELU, SiLU cut off (GPT-OSS), or ungated squared ReLU (Nemotron) or GELU (StarCoder2).
/// </summary>
internal sealed class FeedForward(LayerKind kind, int layer) : IFeedForward
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
        var y_BTF = Units(kind, z_BTF, up_BTF);
        context.Emit(TapPoint.MlpIntermediate, layer, y_BTF);
        return DownProj.Forward(y_BTF, context.Compute);
    }

    /// <summary>What the down projection reads.</summary>
    /// <param name="kind">Whose activation.</param>
    /// <param name="z">What enters it.</param>
    /// <param name="up">What it is multiplied with, of the same shape; not read where there is no gate.</param>
    public static Tensor Units(LayerKind kind, Tensor z, Tensor up) => kind.Activation switch
    {
        ActivationKind.SwiGlu => z.SiluMul(up),
        ActivationKind.GeGlu => z.GeluMul(up),
        ActivationKind.ClampedSwiGlu => z.ClampedSiluMul(up, kind.ActivationLimit),
        ActivationKind.SquaredRelu => z.SquaredRelu(),
        ActivationKind.Gelu => z.Gelu(),
        _ => throw new InvalidOperationException($"activation {kind.Activation}"),
    };
}
