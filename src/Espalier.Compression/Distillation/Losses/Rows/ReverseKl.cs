namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>KL(q, p) = Σ q (log q − log p): mode-seeking (MiniLLM, arXiv 2306.08543). Slope in q: log q − log p.</summary>
/// <param name="temperature">τ, above 0.</param>
internal sealed class ReverseKl(double temperature = 1.0) : ComparedRows(new RowLoss<ReverseKlRow>(temperature))
{
    public override string Name => "reverse-kl";
}
