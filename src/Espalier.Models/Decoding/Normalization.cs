namespace Espalier.Models;

/// <summary>The norm of a residual stream or of a head, over the last dimension.</summary>
internal sealed class Normalization(NormKind kind, double epsilon, Tensor weight, Tensor? bias)
{
    /// <summary>What a projection reads: the norm where there is one, else the stream itself, as operand of products in a type.</summary>
    public static Tensor Operand(Normalization? norm, Tensor x, ComputeType compute) => norm?.Forward(x, compute) ?? compute.Operand(x);

    /// <summary>The norm as operand of products in a type.</summary>
    public Tensor Forward(Tensor x, ComputeType compute) => compute != ComputeType.Bfloat16 ? compute.Operand(Forward(x)) : kind switch
    {
        NormKind.RmsNorm => x.RmsNormInBfloat16(weight, epsilon),
        NormKind.RmsNorm1p => x.RmsNormInBfloat16(weight.Add(1), epsilon),
        _ => compute.Operand(Forward(x)),
    };

    public Tensor Forward(Tensor x) => kind switch
    {
        NormKind.RmsNorm => x.RmsNorm(weight, epsilon),
        NormKind.RmsNorm1p => x.RmsNorm(weight.Add(1), epsilon),
        NormKind.LayerNorm1p => x.LayerNorm1p(weight, bias!, epsilon),
        NormKind.LayerNorm => x.LayerNorm(weight, bias!, epsilon),
        _ => throw new InvalidOperationException($"norm {kind}"),
    };
}
