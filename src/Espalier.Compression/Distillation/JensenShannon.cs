using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>
/// Generalised Jensen-Shannon divergence (GKD, arXiv 2306.13649, equation 1): m = β p + (1 − β) q; β KL(p, m) + (1 − β) KL(q, m). Slope: (1 − β)(log q − log m).
/// </summary>
public sealed class JensenShannon : Divergence
{
    private readonly double _beta;

    /// <summary>Creates the loss.</summary>
    /// <param name="beta">β, the teacher's share of m, above 0 and below 1.</param>
    /// <param name="temperature">τ, above 0.</param>
    public JensenShannon(double beta = 0.5, double temperature = 1.0) : base(temperature) => _beta = beta is > 0 and < 1
        ? beta
        : throw new EspalierException($"beta is {beta} and must be above 0 and below 1; its ends are forward-kl and reverse-kl");

    /// <inheritdoc/>
    public override string Name => "jensen-shannon";

    /// <inheritdoc/>
    protected override (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV)
    {
        var logM_CV = logP_CV.Add(Math.Log(_beta)).LogAddExp(logQ_CV.Add(Math.Log(1 - _beta)));
        var p_CV = logP_CV.Exp();
        logP_CV.SubInPlace(logM_CV);
        logQ_CV.SubInPlace(logM_CV);
        p_CV.MulInPlace(logP_CV);
        var loss_C = p_CV.Sum([-1]).Mul(_beta).Add(q_CV.Mul(logQ_CV).Sum([-1]), 1 - _beta);
        logQ_CV.MulInPlace(1 - _beta);
        return (loss_C, logQ_CV);
    }
}
