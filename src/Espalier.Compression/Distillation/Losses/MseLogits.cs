namespace Espalier.Compression.Distillation.Losses;

/// <summary>(1/V) Σ (teacher − student)² on the raw logits. Gradient: 2 (student − teacher) / V.</summary>
internal sealed class MseLogits() : ComparedRows(new RowLoss<SquaredLogitsRow>())
{
    /// <inheritdoc/>
    public override string Name => "mse-logits";
}
