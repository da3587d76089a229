using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>
/// What importance reads of activations, in float64 and in one read of the values by our kernels (float32 and float64 on the CPU), else out
/// of libtorch's. No gradient.
/// </summary>
public sealed partial class Tensor
{
    private bool IsFused => DType is DType.Float32 or DType.Float64 && IsOnCpu;

    /// <summary>Sums over the positions of samples [B, T, U], in float64: [3, B, U] with Σ|x|, Σx² and Σx.</summary>
    public Tensor UnitSums() =>
        IsFused ? UnitSumsKernel.Forward(this) : UnitSumsByParts();

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public Tensor UnitSumsByParts()
    {
        using var scope = TensorScope.Begin();
        var x_BTU = To(DType.Float64);
        return scope.Keep(Stack(0, x_BTU.Abs().Sum([1]), x_BTU.Square().Sum([1]), x_BTU.Sum([1])));
    }

    /// <summary>L2 norms over the last of four dimensions, in float64: [B, T, N, H] to [B, T, N].</summary>
    public Tensor RowNorms() => IsFused ? RowNormsKernel.Forward(this) : RowNormsByParts();

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public Tensor RowNormsByParts()
    {
        using var scope = TensorScope.Begin();
        return scope.Keep(To(DType.Float64).Norm([-1]));
    }

    /// <summary>
    /// Cosines between rows of the last dimension, in float64; NaN where a row is all zero. Both tensors are of one shape and type.
    /// </summary>
    public Tensor RowCosines(Tensor other) => IsFused ? RowCosinesKernel.Forward(this, other) : RowCosinesByParts(other);

    /// <summary>The same out of libtorch's operators: what the fused one is tested against.</summary>
    public Tensor RowCosinesByParts(Tensor other)
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (To(DType.Float64), other.To(DType.Float64));
        return scope.Keep(a.Mul(b).Sum([-1]).Div(a.Norm([-1]).Mul(b.Norm([-1]))));
    }
}
