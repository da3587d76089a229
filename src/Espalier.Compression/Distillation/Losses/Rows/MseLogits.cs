namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>(1/V) Σ (teacher − student)² on the raw logits. Gradient: 2 (student − teacher) / V.</summary>
internal sealed class MseLogits() : ComparedRows(new RowLoss<SquaredLogitsRow>())
{
    public override string Name => "mse-logits";
}
