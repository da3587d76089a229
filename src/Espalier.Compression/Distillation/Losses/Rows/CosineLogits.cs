namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>1 − cosine of the raw logits s (student) and t (teacher). Gradient: (cos s / |s| − t / |t|) / |s|.</summary>
internal sealed class CosineLogits() : ComparedRows(new RowLoss<CosineLogitsRow>())
{
    public override string Name => "cosine-logits";
}
