namespace Espalier.Models.Mixers;

// Shapes: B batch, K taps of the convolution, M heads, P channels of a head, G groups, S numbers of a state.

/// <summary>
/// What a <see cref="Mamba2Mixer"/> or a <see cref="GatedDeltaMixer"/> knows of the positions already seen, the same size after any number
/// of them. Dispose it.
/// </summary>
/// <param name="Input">The last inputs of the convolution of x, or of the values, [B, K − 1, M P].</param>
/// <param name="In">The same of B, or of the keys, [B, K − 1, G S].</param>
/// <param name="Out">The same of C, or of the queries, [B, K − 1, G S].</param>
/// <param name="State">The state of each head, [B, M, S, P].</param>
internal sealed record MixerState(Tensor Input, Tensor In, Tensor Out, Tensor State) : IDisposable
{
    /// <summary>That of no position: zeros.</summary>
    public static MixerState Of(StateShape shape, long batch, DType dtype, Device device)
    {
        Tensor Zeros(params ReadOnlySpan<long> sizes) => Tensor.Zeros(dtype, device, sizes).Unscoped();
        return new(
            Zeros(batch, shape.Kernel - 1, shape.Channels), Zeros(batch, shape.Kernel - 1, shape.StateChannels),
            Zeros(batch, shape.Kernel - 1, shape.StateChannels), Zeros(batch, shape.Heads, shape.StateSize, shape.HeadDim));
    }

    /// <summary>The one that a layer goes on from; null where it begins with nothing.</summary>
    public static MixerState? Before(ForwardContext context, int layer)
    {
        if (context.Branched is not null)
            throw new InvalidOperationException("a recurrent state cannot branch: rows of a model with recurrent layers continue in one "
                + "way only");
        return context.Cache?.StateOf(layer);
    }

    /// <summary>A short convolution and SiLU, which goes on from the last inputs where there are some, and replaces them.</summary>
    public static Tensor Convolved(Tensor x_BTC, Tensor weight, Tensor? bias, ForwardContext context, Tensor? before)
    {
        var y_BTC = x_BTC.CausalConvolution(weight, bias, context.Begins, before);
        if (before is not null)
            before.CopyInPlace(Tensor.Cat(1, before, x_BTC).Slice(1, x_BTC.Size(1), x_BTC.Size(1) + before.Size(1)));
        return y_BTC;
    }

    public void Clear()
    {
        foreach (var tensor in (Tensor[])[Input, In, Out, State])
            tensor.ZeroInPlace();
    }

    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Input, In, Out, State])
            tensor.Dispose();
    }
}
