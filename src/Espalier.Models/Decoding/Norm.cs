using Espalier.Torch;

namespace Espalier.Models;

/// <summary>The norm of a residual stream or of a head, over the last dimension.</summary>
internal sealed class Norm(NormKind kind, double epsilon, Tensor weight, Tensor? bias)
{
    public Tensor Forward(Tensor x) => kind switch
    {
        NormKind.RmsNorm => x.RmsNorm(weight, epsilon),
        NormKind.LayerNorm1p => x.LayerNorm1p(weight, bias!, epsilon),
        _ => throw new InvalidOperationException($"norm {kind}"),
    };
}
