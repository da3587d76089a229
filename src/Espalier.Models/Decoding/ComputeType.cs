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
    /// <summary>
    /// x · weightᵀ + bias, [..., out], of a weight [out, in]; gradient flows to all three. In bfloat16 the result is bfloat16, and weight and
    /// bias stay in their own type with a copy beside them (<see cref="Tensor.InBfloat16"/>).
    /// </summary>
    public static Tensor Linear(this ComputeType compute, Tensor x, Tensor weight, Tensor? bias = null) => compute == ComputeType.Float32
        ? x.Linear(weight, bias)
        : compute.Operand(x).LinearInBfloat16(weight, bias);

    /// <summary>x as products take it: rounded to bfloat16 where they are computed in that.</summary>
    public static Tensor Operand(this ComputeType compute, Tensor x) =>
        compute == ComputeType.Float32 || x.DType == DType.BFloat16 ? x : x.To(DType.BFloat16);

    /// <summary>x in float32 where it is bfloat16, else as it is: for what reads values and for what is no product.</summary>
    public static Tensor Widened(this Tensor x) => x.DType == DType.BFloat16 ? x.To(DType.Float32) : x;
}
