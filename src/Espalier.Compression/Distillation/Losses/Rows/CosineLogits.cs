namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// 1 − cosine of the raw logits s (student) and t (teacher). Gradient: (cos s / |s| − t / |t|) / |s|. A row of zeros costs 1 and has none.
/// </summary>
internal sealed class CosineLogits() : ComparedRows(new RowLoss<CosineLogitsRow>())
{
    public override string Name => "cosine-logits";
}
