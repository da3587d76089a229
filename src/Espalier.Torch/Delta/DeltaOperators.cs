using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

// Shapes: B batch, T time, M value heads, P channels of one, G key heads, S channels of one.

/// <summary>The gated delta rule (arXiv 2412.06464), forward and back: by our kernels or out of libtorch's operators.</summary>
internal static class DeltaOperators
{
    /// <summary>What is added to the squares of a query or key before the root of their sum.</summary>
    public const double LengthEpsilon = 1e-6;

    /// <summary>
    /// y_t = H_tᵀ q_t with H_t = a_t H_{t−1} + k_t u_tᵀ and u_t = β_t (v_t − a_t H_{t−1}ᵀ k_t), a state [S, P] of each value head: [B, T, M
    /// P]. The decay is a = exp(A dt), A = −exp(log decay) and dt = softplus(steps + bias); β = sigmoid(strengths); k is one long, q 1 /
    /// √S. The value heads of a key head are neighbours. Where rows hold several documents, each begins with no state.
    /// </summary>
    /// <param name="of">What is read.</param>
    /// <param name="sizes">Sizes: value heads and their channels, key heads as groups and their channels as numbers of state.</param>
    /// <param name="state">
    /// The state before the first token, [B, M, S, P], which is overwritten with that after the last one; null begins with none. Without
    /// gradients and documents.
    /// </param>
    public static Tensor DeltaScan(in DeltaInputs of, ScanSizes sizes, Tensor? state = null)
    {
        if (state is not null
            && GradMode.Records(of.Queries, of.Keys, of.Values, of.Strengths, of.Steps, of.StepBias, of.LogDecay))
            throw new InvalidOperationException("a delta rule that continues from a state has no gradient");
        if (!of.Values.IsForwardFused)
            return DeltaByParts.Run(of, sizes, state);
        var y = DeltaKernel.Forward(of, sizes, state);
        return Tape.Record(
            y, [of.Queries, of.Keys, of.Values, of.Strengths, of.Steps, of.StepBias, of.LogDecay],
            [of.Queries, of.Keys, of.Values, of.Strengths, of.Steps, of.StepBias, of.LogDecay, of.Begins], (node, g, into) =>
            {
                var made = DeltaKernel.Backward(
                    g, new(node[0], node[1], node[2], node[3], node[4], node[5], node[6], node.KeptOrNull(7)), sizes);
                (into[0], into[1], into[2], into[3]) = (made.Queries, made.Keys, made.Values, made.Strengths);
                (into[4], into[5], into[6]) = (made.Steps, made.StepBias, made.LogDecay);
            });
    }
}
