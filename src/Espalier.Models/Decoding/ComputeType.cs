using Espalier.Torch;

namespace Espalier.Models;

/// <summary>What matrix products are computed in. Weights, sums over products, norms and losses stay in the weights' own type.</summary>
public enum ComputeType
{
    /// <summary>The weights' own type.</summary>
    Float32,

    /// <summary>Operands rounded to bfloat16, which is several times faster where the processor has units for it.</summary>
    Bfloat16,
}

/// <summary>Matrix products in a compute type.</summary>
public static class ComputeTypes
{
    /// <summary>x · weightᵀ + bias, [..., out], in the type of <paramref name="x"/>; <paramref name="weight"/> is [out, in]. Gradient flows to all three.</summary>
    public static Tensor Linear(this ComputeType compute, Tensor x, Tensor weight, Tensor? bias = null) => compute == ComputeType.Float32
        ? x.Linear(weight, bias)
        : Biased(x.To(DType.BFloat16).Linear(weight.To(DType.BFloat16)).To(x.DType), bias);

    /// <summary>a · b for matrices, in the type of <paramref name="a"/>.</summary>
    public static Tensor MatMul(this ComputeType compute, Tensor a, Tensor b) => compute == ComputeType.Float32
        ? a.MatMul(b)
        : a.To(DType.BFloat16).MatMul(b.To(DType.BFloat16)).To(a.DType);

    private static Tensor Biased(Tensor x, Tensor? bias) => bias is null ? x : x.Add(bias);
}
