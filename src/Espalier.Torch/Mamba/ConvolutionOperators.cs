using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Mamba;

// Shapes: B batch, T time, C channels, K taps.

/// <summary>The short convolution before a selective scan (arXiv 2312.00752, section 3.4), forward and back.</summary>
internal static class ConvolutionOperators
{
    /// <summary>
    /// silu(b + Σ_k w_k x_{t−K+1+k}) of each channel, [B, T, C]; what is before a token's document, or before the row, is zero. Of float32
    /// on the processor by our kernel.
    /// </summary>
    /// <param name="x">[B, T, C].</param>
    /// <param name="weight">[C, K].</param>
    /// <param name="bias">[C], or null.</param>
    /// <param name="begins">The position at which each token's document begins, Int64 [B, T], where rows hold several; else null.</param>
    /// <param name="state">
    /// The K − 1 inputs before the first one, [B, K − 1, C], or null; without documents, and no gradient goes there.
    /// </param>
    public static Tensor CausalConvolution(this Tensor x, Tensor weight, Tensor? bias, Tensor? begins = null, Tensor? state = null)
    {
        if (state is not null && GradMode.Records([x, weight, bias]))
            throw new InvalidOperationException("a convolution that continues from a state has no gradient");
        if (!x.IsForwardFused)
            return x.CausalConvolutionByParts(weight, bias, begins, state);
        var y = ConvolutionKernel.Forward(x, weight, bias, begins, state);
        return Tape.Record(
            y, [x, weight, bias], [x, weight, bias, begins], static (node, g, into) => (into[0], into[1], into[2]) =
                ConvolutionKernel.Backward(g, node[0], node[1], node.KeptOrNull(2), node.KeptOrNull(3)));
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor CausalConvolutionByParts(
        this Tensor x, Tensor weight, Tensor? bias, Tensor? begins = null, Tensor? state = null)
    {
        var (B, T, C, K) = (x.Size(0), x.Size(1), x.Size(2), weight.Size(1));
        var all = Tensor.Cat(1, state ?? Tensor.Zeros(x.DType, x.Device, B, K - 1, C), x);
        // How far into its document each token is, [B, T, 1].
        var places = begins is null ? null
            : Tensor.Arange(T, DType.Float64).On(x.Device).Sub(begins.On(x.Device).To(DType.Float64)).Unsqueeze(2);
        Tensor? sum = null;
        for (var k = 0L; k < K; k++)
        {
            var part = all.Slice(1, k, k + T).Mul(weight.Select(1, k));
            if (places is not null)
                part = part.MaskedFill(places.Less(K - 1 - k), 0);
            sum = sum is null ? part : sum.Add(part);
        }
        return (bias is null ? sum! : sum!.Add(bias)).Silu();
    }
}
