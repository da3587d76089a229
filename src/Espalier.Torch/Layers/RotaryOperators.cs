using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

/// <summary>Heads turned by the angles of their positions, forward and back: by our kernel or out of libtorch's operators.</summary>
public static class RotaryOperators
{
    /// <summary>
    /// Turns heads [B, T, N, H] by the angles of their positions (arXiv 2104.09864): of the first R entries, entry i with entry i + R/2.
    /// The tables are [T, 1, R/2], or [B, T, 1, R/2] where rows have their own positions. Of bfloat16 and tables of float32 the result is
    /// float32.
    /// </summary>
    public static Tensor Rotate(this Tensor x, Tensor cos, Tensor sin)
    {
        if (!x.IsFusedNarrow || cos.DType != DType.Float32 || GradMode.Records(cos, sin))
            return x.RotateByParts(cos, sin);
        var y = RotateKernel.Forward(x, cos, sin);
        return Tape.Record(
            y, [x], [cos, sin], static (node, g, into) => into[0] = RotateKernel.Backward(g, node[0], node[1], (DType)node.First),
            first: (long)x.DType);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor RotateByParts(this Tensor x, Tensor cos, Tensor sin)
    {
        var half = cos.Size(-1);
        var (a, b) = (x.Slice(-1, 0, half), x.Slice(-1, half, 2 * half));
        var turnedA = a.Mul(cos).Sub(b.Mul(sin));
        var turnedB = b.Mul(cos).Add(a.Mul(sin));
        return 2 * half == x.Size(-1) ? Tensor.Cat(-1, turnedA, turnedB)
            : Tensor.Cat(-1, turnedA, turnedB, x.Slice(-1, 2 * half, x.Size(-1)));
    }
}
