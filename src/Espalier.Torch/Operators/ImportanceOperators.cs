using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Norms;

namespace Espalier.Torch.Operators;

/// <summary>
/// What importance reads of activations, in float64 and in one read of the values by our kernels (float32 and float64 on the CPU), else out
/// of libtorch's. No gradient.
/// </summary>
public static class ImportanceOperators
{
    /// <summary>Sums over the positions of samples [B, T, U], in float64: [3, B, U] with Σ|x|, Σx² and Σx.</summary>
    public static Tensor UnitSums(this Tensor x) =>
        x.IsFusedWide ? UnitSumsKernel.Forward(x) : x.UnitSumsByParts();

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public static Tensor UnitSumsByParts(this Tensor x)
    {
        using var scope = TensorScope.Begin();
        var x_BTU = x.To(DType.Float64);
        return scope.Keep(Tensor.Stack(0, x_BTU.Abs().Sum([1]), x_BTU.Square().Sum([1]), x_BTU.Sum([1])));
    }

    /// <summary>L2 norms over the last of four dimensions, in float64: [B, T, N, H] to [B, T, N].</summary>
    public static Tensor RowNorms(this Tensor x) => x.IsFusedWide ? RowNormsKernel.Forward(x) : x.RowNormsByParts();

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public static Tensor RowNormsByParts(this Tensor x)
    {
        using var scope = TensorScope.Begin();
        return scope.Keep(x.To(DType.Float64).Norm([-1]));
    }

    /// <summary>
    /// Cosines between rows of the last dimension, in float64; 1 where both rows are all zero, as of rows that are the same, and 0 where
    /// one is. Both tensors are of one shape and type.
    /// </summary>
    public static Tensor RowCosines(this Tensor x, Tensor other) =>
        x.IsFusedWide ? RowCosinesKernel.Forward(x, other) : x.RowCosinesByParts(other);

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public static Tensor RowCosinesByParts(this Tensor x, Tensor other)
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (x.To(DType.Float64), other.To(DType.Float64));
        var (ofA, ofB) = (a.Norm([-1]), b.Norm([-1]));
        var norms = ofA.Mul(ofB);
        // A row of zeros has none: the quotient is 0 or, where both are, 1.
        return scope.Keep(a.Mul(b).Sum([-1]).MaskedFill(ofA.Add(ofB).LessOrEqual(0), 1).Div(norms.MaskedFill(norms.LessOrEqual(0), 1)));
    }
}
