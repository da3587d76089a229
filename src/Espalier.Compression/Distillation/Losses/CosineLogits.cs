namespace Espalier.Compression.Distillation.Losses;

/// <summary>1 − cosine of the raw logits s (student) and t (teacher). Gradient: (cos s / |s| − t / |t|) / |s|.</summary>
internal sealed class CosineLogits() : ComparedRows(new RowLoss<CosineLogitsRow>())
{
    /// <inheritdoc/>
    public override string Name => "cosine-logits";
}
