namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>(1/V) Σ (p − q)². Slope in q: 2 (q − p) / V. One of the losses that paper 1 compares (arXiv 2407.14679, table 16).</summary>
/// <param name="temperature">τ, above 0.</param>
internal sealed class MseProbabilities(double temperature = 1.0) : ComparedRows(new RowLoss<SquaredProbabilitiesRow>(temperature))
{
    public override string Name => "mse-probabilities";
}
