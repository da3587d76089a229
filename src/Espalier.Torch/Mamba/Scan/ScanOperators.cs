using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;

namespace Espalier.Torch.Mamba.Scan;

// Shapes: B batch, T time, M heads, P channels of a head, S numbers of state of a channel.

/// <summary>The selective scan of Mamba-2 (arXiv 2405.21060), forward and back: by our kernels or out of libtorch's operators.</summary>
internal static class ScanOperators
{
    /// <summary>
    /// y_t = C_t H_t + D x_t with H_t = exp(A dt_t) H_{t−1} + dt_t B_t x_t, a state [S, P] of each head, A = −exp(log decay) and dt =
    /// softplus(steps + bias) between two bounds: [B, T, M P]. Where rows hold several documents, each begins with no state.
    /// </summary>
    /// <param name="of">What is read.</param>
    /// <param name="sizes">Sizes and bounds.</param>
    /// <param name="state">
    /// The state before the first token, [B, M, S, P], which is overwritten with that after the last one; null begins with none. Without
    /// gradients and documents.
    /// </param>
    public static Tensor SelectiveScan(in ScanInputs of, ScanSizes sizes, Tensor? state = null)
    {
        if (state is not null && GradMode.Records(of.X, of.In, of.Out, of.Steps, of.StepBias, of.LogDecay, of.Skip))
            throw new InvalidOperationException("a scan that continues from a state has no gradient");
        if (!of.X.IsForwardFused)
            return ScanByParts.Run(of, sizes, state);
        var y = ScanKernel.Forward(of, sizes, state);
        return Tape.Record(
            y, [of.X, of.In, of.Out, of.Steps, of.StepBias, of.LogDecay, of.Skip],
            [of.X, of.In, of.Out, of.Steps, of.StepBias, of.LogDecay, of.Skip, of.Begins], (node, g, into) =>
            {
                var made = ScanKernel.Backward(
                    g, new(node[0], node[1], node[2], node[3], node[4], node[5], node[6], node.KeptOrNull(7)), sizes);
                (into[0], into[1], into[2], into[3]) = (made.X, made.In, made.Out, made.Steps);
                (into[4], into[5], into[6]) = (made.StepBias, made.LogDecay, made.Skip);
            });
    }
}
