using Espalier.Torch;

namespace Espalier.Models;

// Shapes: B batch, K taps of the convolution, I channels of all heads, G groups, M heads, P channels of a head, S numbers of a state.

/// <summary>
/// What a <see cref="Mamba2Mixer"/> knows of the positions already seen, the same size after any number of them. Dispose it.
/// </summary>
/// <param name="Input">The last inputs of the convolution of x, [B, K − 1, I].</param>
/// <param name="In">The same of B, [B, K − 1, G S].</param>
/// <param name="Out">The same of C, [B, K − 1, G S].</param>
/// <param name="State">The state of each head, [B, M, S, P].</param>
internal sealed record MambaState(Tensor Input, Tensor In, Tensor Out, Tensor State) : IDisposable
{
    /// <summary>That of no position: zeros.</summary>
    public static MambaState Of(MambaConfig config, long batch, DType dtype, Device device)
    {
        Tensor Zeros(params ReadOnlySpan<long> shape) => Tensor.Zeros(dtype, device, shape).Unscoped();
        return new(
            Zeros(batch, config.Kernel - 1, config.Channels), Zeros(batch, config.Kernel - 1, config.StateChannels),
            Zeros(batch, config.Kernel - 1, config.StateChannels), Zeros(batch, config.Heads, config.StateSize, config.HeadDim));
    }

    /// <summary>Forgets all positions.</summary>
    public void Clear()
    {
        foreach (var tensor in (Tensor[])[Input, In, Out, State])
            tensor.ZeroInPlace();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Input, In, Out, State])
            tensor.Dispose();
    }
}
