using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>(1/V) Σ (p − q)². Slope: 2 (q − p) / V. One of the losses that paper 1 compares (arXiv 2407.14679, table 16).</summary>
/// <param name="temperature">τ, above 0.</param>
public sealed class MseProbabilities(double temperature = 1.0) : Divergence(temperature)
{
    /// <inheritdoc/>
    public override string Name => "mse-probabilities";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        var V = q_CV.Size(-1);
        var difference_CV = q_CV.Sub(logP_CV.Exp());
        var loss_C = difference_CV.Square().Sum([-1]).Mul(1.0 / V);
        difference_CV.MulInPlace(2.0 / V);
        return (loss_C, difference_CV);
    }
}
