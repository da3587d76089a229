namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// 1 − p·q / (|p| |q|). Slope in q: (cos q / |q| − p / |p|) / |q|. One of the losses that paper 1 compares (arXiv 2407.14679, table 16).
/// </summary>
/// <param name="temperature">τ, above 0.</param>
internal sealed class CosineProbabilities(double temperature = 1.0) : ComparedRows(new RowLoss<CosineProbabilitiesRow>(temperature))
{
    public override string Name => "cosine-probabilities";
}
