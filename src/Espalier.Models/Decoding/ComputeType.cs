namespace Espalier.Models;

/// <summary>What matrix products are computed in. Weights, sums over products, norms and losses stay in the weights' own type.</summary>
public enum ComputeType
{
    /// <summary>The weights' own type.</summary>
    Float32,

    /// <summary>
    /// Operands and results in bfloat16, added up in float32, which is several times faster where the processor has units for it.
    /// </summary>
    Bfloat16,
}

/// <summary>Matrix products in a compute type.</summary>
internal static class ComputeTypes
{
    /// <summary>
    /// x · weightᵀ + bias, [..., out], of a weight [out, in]; gradient flows to all three. In bfloat16 the result is bfloat16, and the
    /// weight stays in its own type with a copy beside it (<see cref="Bfloat16Operators.InBfloat16"/>); with a bias, which may be large, it
    /// is float32.
    /// </summary>
    public static Tensor Linear(this ComputeType compute, Tensor x, Tensor weight, Tensor? bias = null) => compute == ComputeType.Float32
        ? x.Linear(weight, bias)
        : Biased(compute.Operand(x).LinearInBfloat16(weight), bias);

    /// <summary>x as products take it: rounded to bfloat16 where they are computed in that.</summary>
    public static Tensor Operand(this ComputeType compute, Tensor x) =>
        compute == ComputeType.Float32 || x.DType == DType.BFloat16 ? x : x.To(DType.BFloat16);

    private static Tensor Biased(Tensor x, Tensor? bias) => bias is null ? x : x.To(bias.DType).Add(bias);

    /// <summary>x in float32 where it is bfloat16, else as it is: for what reads values and for what is no product.</summary>
    public static Tensor Widened(this Tensor x) => x.DType == DType.BFloat16 ? x.To(DType.Float32) : x;
}
