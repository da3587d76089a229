namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// Generalised Jensen-Shannon divergence (GKD, arXiv 2306.13649, equation 1): m = β p + (1 − β) q; β KL(p, m) + (1 − β) KL(q, m). Slope in
/// q: (1 − β)(log q − log m).
/// </summary>
/// <param name="beta">β, the teacher's share of m, above 0 and below 1.</param>
/// <param name="temperature">τ, above 0.</param>
internal sealed class JensenShannon(double beta = 0.5, double temperature = 1.0)
    : ComparedRows(new RowLoss<MixtureRow>(
        temperature, Share("beta", beta, "its ends are forward-kl and reverse-kl"), OfTeacher: beta, OfStudent: 1 - beta))
{
    public override string Name => "jensen-shannon";
}
