using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>1 − p·q / (|p| |q|). Slope: (cos q / |q| − p / |p|) / |q|. One of the losses that paper 1 compares (arXiv 2407.14679, table 16).</summary>
/// <param name="temperature">τ, above 0.</param>
public sealed class CosineProbabilities(double temperature = 1.0) : Divergence(temperature)
{
    /// <inheritdoc/>
    public override string Name => "cosine-probabilities";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        var unitP_CV = logP_CV.Exp();
        unitP_CV.DivInPlace(unitP_CV.Norm([-1], keep: true));
        var normQ_C1 = q_CV.Norm([-1], keep: true);
        var slope_CV = q_CV.Div(normQ_C1);
        var cosine_C1 = unitP_CV.Mul(slope_CV).Sum([-1], keep: true);
        slope_CV.MulInPlace(cosine_C1);
        slope_CV.SubInPlace(unitP_CV);
        slope_CV.DivInPlace(normQ_C1);
        return (cosine_C1.Squeeze(-1).Neg().Add(1), slope_CV);
    }
}
