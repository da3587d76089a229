using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>KL(q, p) = Σ q (log q − log p): mode-seeking (MiniLLM, arXiv 2306.08543). Slope: log q − log p.</summary>
/// <param name="temperature">τ, above 0.</param>
public sealed class ReverseKl(double temperature = 1.0) : Divergence(temperature)
{
    /// <inheritdoc/>
    public override string Name => "reverse-kl";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        logQ_CV.SubInPlace(logP_CV);
        return (q_CV.Mul(logQ_CV).Sum([-1]), logQ_CV);
    }
}
