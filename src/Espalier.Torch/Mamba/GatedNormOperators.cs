using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Mamba;

/// <summary>The norm after a selective scan (arXiv 2405.21060, section 7.1), forward and back.</summary>
internal static class GatedNormOperators
{
    /// <summary>
    /// Root-mean-square norm of x silu(z) in groups of channels, times a weight: [B, T, C]. The gate comes before the norm. Of float32 on
    /// the processor by our kernel.
    /// </summary>
    /// <param name="x">[B, T, C].</param>
    /// <param name="gate">z, [B, T, C].</param>
    /// <param name="weight">[C].</param>
    /// <param name="groups">Groups, each normed by itself; they divide the channels.</param>
    /// <param name="epsilon">What is added to the mean of squares.</param>
    public static Tensor GatedNorm(this Tensor x, Tensor gate, Tensor weight, int groups, double epsilon)
    {
        if (!x.IsForwardFused || !gate.IsForwardFused)
            return x.GatedNormByParts(gate, weight, groups, epsilon);
        var y = GatedNormKernel.Forward(x, gate, weight, groups, epsilon);
        return Tape.Record(
            y, [x, gate, weight], [x, gate, weight], static (node, g, into) => (into[0], into[1], into[2]) =
                GatedNormKernel.Backward(g, node[0], node[1], node[2], (int)node.First, node.Number), epsilon, groups);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor GatedNormByParts(this Tensor x, Tensor gate, Tensor weight, int groups, double epsilon)
    {
        var (B, T, C) = (x.Size(0), x.Size(1), x.Size(2));
        var u = x.Mul(gate.Silu()).Reshape(B, T, groups, C / groups);
        return u.Mul(u.Square().Mean([-1], keep: true).Add(epsilon).Rsqrt()).Reshape(B, T, C).Mul(weight);
    }
}
