namespace Espalier.Models.Mixers;

// Shapes: B batch, T time, D model width, I channels of all heads, M heads, P channels of a head, G groups, S numbers of a state, K taps.

/// <summary>
/// The mixer of Mamba-2 (arXiv 2405.21060) as Nemotron-H has it (arXiv 2504.03624): a short convolution of x, B and C, the selective scan,
/// and a norm of what comes out, gated, in groups. What is no product of the model's width is computed in the weights' own type.
/// </summary>
internal sealed class Mamba2Mixer(DecoderConfig config, int layer) : IMixer
{
    private readonly MambaConfig _config = config.Mamba;
    private readonly ScanSizes _sizes = SizesOf(config);

    /// <summary>z, [I, D].</summary>
    public required Projection GateProj { get; init; }

    /// <summary>x, [I, D].</summary>
    public required Projection InputProj { get; init; }

    /// <summary>B, how x enters the state, [G S, D].</summary>
    public required Projection BProj { get; init; }

    /// <summary>C, how the state is read, [G S, D].</summary>
    public required Projection CProj { get; init; }

    /// <summary>dt, [M, D].</summary>
    public required Projection StepProj { get; init; }

    /// <summary>[D, I].</summary>
    public required Projection OutProj { get; init; }

    /// <summary>[I, K].</summary>
    public required Tensor InputConv { get; init; }

    /// <summary>[G S, K].</summary>
    public required Tensor BConv { get; init; }

    /// <summary>[G S, K].</summary>
    public required Tensor CConv { get; init; }

    /// <summary>[I].</summary>
    public Tensor? InputConvBias { get; init; }

    /// <summary>[G S].</summary>
    public Tensor? BConvBias { get; init; }

    /// <summary>[G S].</summary>
    public Tensor? CConvBias { get; init; }

    /// <summary>What is added to dt, [M].</summary>
    public required Tensor StepBias { get; init; }

    /// <summary>log(−A), [M].</summary>
    public required Tensor LogDecay { get; init; }

    /// <summary>D of the scan, [M].</summary>
    public required Tensor Skip { get; init; }

    /// <summary>[I].</summary>
    public required Tensor NormWeight { get; init; }

    public static ScanSizes SizesOf(DecoderConfig config) => new(
        config.Mamba.Heads, config.Mamba.HeadDim, config.Mamba.Groups, config.Mamba.StateSize, config.Mamba.LeastStep,
        config.Mamba.MostStep);

    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var (B, T) = (x_BTD.Size(0), x_BTD.Size(1));
        var state = MixerState.Before(context, layer);
        var z_BTI = GateProj.Forward(x_BTD, context.Compute).Widened();
        var x_BTI = InputProj.Forward(x_BTD, context.Compute).Widened();
        context.Emit(TapPoint.MambaProjection, layer, x_BTI.View(B, T, _config.Heads, _config.HeadDim));
        x_BTI = MixerState.Convolved(x_BTI, InputConv, InputConvBias, context, state?.Input);
        var b_BTGS = MixerState.Convolved(BProj.Forward(x_BTD, context.Compute).Widened(), BConv, BConvBias, context, state?.In);
        var c_BTGS = MixerState.Convolved(CProj.Forward(x_BTD, context.Compute).Widened(), CConv, CConvBias, context, state?.Out);
        var dt_BTM = StepProj.Forward(x_BTD, context.Compute).Widened();
        var y_BTI = ScanOperators.SelectiveScan(
            new(x_BTI, b_BTGS, c_BTGS, dt_BTM, StepBias, LogDecay, Skip, context.Begins), _sizes, state?.State);
        y_BTI = y_BTI.GatedNorm(z_BTI, NormWeight, _config.Groups, config.NormEpsilon);
        context.Emit(TapPoint.MambaOutput, layer, y_BTI.View(B, T, _config.Heads, _config.HeadDim));
        return OutProj.Forward(y_BTI, context.Compute);
    }
}
