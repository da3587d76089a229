namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// Skew reverse KL (DistiLLM, arXiv 2402.03898, section 3.1): KL(q, m), m = (1 − α) q + α p. Slope in q: log (q / m) − (1 − α) q / m.
/// </summary>
/// <param name="alpha">α, the teacher's share of the mixture, above 0 and below 1; the paper's is 0.9 (it writes 1 − α = 0.1 for the
/// student's).</param>
/// <param name="temperature">τ, above 0.</param>
internal sealed class SkewReverseKl(double alpha = 0.9, double temperature = 1.0)
    : ComparedRows(new RowLoss<MixtureRow>(temperature, Share("alpha", alpha, "1 is reverse-kl"), OfTeacher: 0, OfStudent: 1))
{
    public override string Name => "skew-reverse-kl";
}
