using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>Skew reverse KL (DistiLLM, arXiv 2402.03898, section 3.1): KL(q, m), m = (1 − α) q + α p. Slope: log (q / m) − (1 − α) q / m.</summary>
public sealed class SkewReverseKl : Divergence
{
    private readonly double _alpha;

    /// <summary>Creates the loss.</summary>
    /// <param name="alpha">α, the teacher's share of the mixture, above 0 and below 1; the paper's is 0.9 (it writes 1 − α = 0.1 for the student's).</param>
    /// <param name="temperature">τ, above 0.</param>
    public SkewReverseKl(double alpha = 0.9, double temperature = 1.0) : base(temperature) => _alpha = alpha is > 0 and < 1
        ? alpha
        : throw new EspalierException($"alpha is {alpha} and must be above 0 and below 1; 1 is reverse-kl");

    /// <inheritdoc/>
    public override string Name => "skew-reverse-kl";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        logP_CV.AddInPlace(Math.Log(_alpha));
        var logM_CV = logP_CV.LogAddExp(logQ_CV.Add(Math.Log(1 - _alpha)));
        logQ_CV.SubInPlace(logM_CV); // log (q / m), at most −log (1 − α)
        var loss_C = q_CV.Mul(logQ_CV).Sum([-1]);
        logQ_CV.AddInPlace(logQ_CV.Exp(), -(1 - _alpha));
        return (loss_C, logQ_CV);
    }
}
