using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>Skew KL (DistiLLM, arXiv 2402.03898, section 3.1): KL(p, α p + (1 − α) q), which stays finite where q vanishes. Slope: −(1 − α) p / m.</summary>
public sealed class SkewKl : Divergence
{
    private readonly double _alpha;

    /// <summary>Creates the loss.</summary>
    /// <param name="alpha">α, the teacher's share of the mixture, above 0 and below 1; the paper's is 0.1.</param>
    /// <param name="temperature">τ, above 0.</param>
    public SkewKl(double alpha = 0.1, double temperature = 1.0) : base(temperature) => _alpha = alpha is > 0 and < 1
        ? alpha
        : throw new EspalierException($"alpha is {alpha} and must be above 0 and below 1; 0 is forward-kl");

    /// <inheritdoc/>
    public override string Name => "skew-kl";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        logQ_CV.AddInPlace(Math.Log(1 - _alpha));
        var logM_CV = logP_CV.Add(Math.Log(_alpha)).LogAddExp(logQ_CV);
        var p_CV = logP_CV.Exp();
        logP_CV.SubInPlace(logM_CV); // log (p / m), at most −log α
        var slope_CV = logP_CV.Exp();
        slope_CV.MulInPlace(-(1 - _alpha));
        logP_CV.MulInPlace(p_CV);
        return (logP_CV.Sum([-1]), slope_CV);
    }
}
