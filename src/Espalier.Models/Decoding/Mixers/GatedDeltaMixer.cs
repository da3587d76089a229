namespace Espalier.Models.Mixers;

// Shapes: B batch, T time, D model width, M value heads, P channels of one, G key heads, S channels of one, I = M P, K taps.

/// <summary>
/// Linear attention by the gated delta rule (arXiv 2412.06464) as Qwen3-Next and Qwen3.5 have it: a short convolution of queries, keys and
/// values, the rule, and a norm of each head of what comes out, gated. What is no product of the model's width is computed in the weights'
/// own type.
/// </summary>
internal sealed class GatedDeltaMixer(DecoderConfig config, int layer) : IMixer
{
    private readonly ScanSizes _sizes = SizesOf(config);

    /// <summary>[G S, D].</summary>
    public required Projection QProj { get; init; }

    /// <summary>[G S, D].</summary>
    public required Projection KProj { get; init; }

    /// <summary>[I, D].</summary>
    public required Projection VProj { get; init; }

    /// <summary>z, [I, D].</summary>
    public required Projection GateProj { get; init; }

    /// <summary>b, of which β is the sigmoid, [M, D].</summary>
    public required Projection StrengthProj { get; init; }

    /// <summary>a, of which the decay is made, [M, D].</summary>
    public required Projection StepProj { get; init; }

    /// <summary>[D, I].</summary>
    public required Projection OutProj { get; init; }

    /// <summary>[G S, K].</summary>
    public required Tensor QConv { get; init; }

    /// <summary>[G S, K].</summary>
    public required Tensor KConv { get; init; }

    /// <summary>[I, K].</summary>
    public required Tensor VConv { get; init; }

    /// <summary>[M].</summary>
    public required Tensor StepBias { get; init; }

    /// <summary>log(−A), [M].</summary>
    public required Tensor LogDecay { get; init; }

    /// <summary>One for all heads, [P].</summary>
    public required Tensor NormWeight { get; init; }

    public static ScanSizes SizesOf(DecoderConfig config) =>
        new(config.Delta.Heads, config.Delta.HeadDim, config.Delta.Groups, config.Delta.StateSize);

    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var (B, T) = (x_BTD.Size(0), x_BTD.Size(1));
        var state = MixerState.Before(context, layer);
        Tensor Of(Projection projection) => projection.Forward(x_BTD, context.Compute).Widened();
        var q_BTGS = MixerState.Convolved(Of(QProj), QConv, null, context, state?.Out);
        var k_BTGS = MixerState.Convolved(Of(KProj), KConv, null, context, state?.In);
        var v_BTI = MixerState.Convolved(Of(VProj), VConv, null, context, state?.Input);
        var y_BTI = DeltaOperators.DeltaScan(
            new(q_BTGS, k_BTGS, v_BTI, Of(StrengthProj), Of(StepProj), StepBias, LogDecay, context.Begins), _sizes, state?.State);
        var y_BTMP = y_BTI.View(B, T, _sizes.Heads, _sizes.HeadDim).RmsNorm(NormWeight, config.NormEpsilon);
        y_BTI = Of(GateProj).SiluMul(y_BTMP.View(B, T, _sizes.Inner));
        context.Emit(TapPoint.DeltaOutput, layer, y_BTI.View(B, T, _sizes.Heads, _sizes.HeadDim));
        return OutProj.Forward(y_BTI, context.Compute);
    }
}
