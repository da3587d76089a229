namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// Skew KL (DistiLLM, arXiv 2402.03898, section 3.1): KL(p, α p + (1 − α) q), which stays finite where q vanishes. Slope in q: −(1 − α) p
/// / m.
/// </summary>
/// <param name="alpha">α, the teacher's share of the mixture, above 0 and below 1; the paper's is 0.1.</param>
/// <param name="temperature">τ, above 0.</param>
internal sealed class SkewKl(double alpha = 0.1, double temperature = 1.0)
    : ComparedRows(new RowLoss<MixtureRow>(temperature, Share("alpha", alpha, "0 is forward-kl"), OfTeacher: 1, OfStudent: 0))
{
    public override string Name => "skew-kl";
}
