namespace Espalier.Compression.Distillation.Losses.Rows;

/// <summary>
/// A loss that compares a row of logits with the teacher's by a kernel: loss and gradient in one pass over rows that stay near the
/// processor, in float32; in other types out of operators, in float64. No factor τ²: see <see cref="MixedLoss.Of"/>.
/// </summary>
internal abstract class ComparedRows(RowLoss loss) : LogitLoss
{
    private readonly RowLoss _loss = loss with { Temperature = Temperature(loss.Temperature) };

    public sealed override bool TakesBfloat16 => true;

    public sealed override bool NeedsTeacher => true;

    public sealed override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C) =>
        student_CV.RowLossInPlace(DistributionChunk.LogitsOf(teacher, this), _loss);

    /// <summary>Checks the share of one model in a mixture.</summary>
    internal static double Share(string name, double value, string ends) => value is > 0 and < 1
        ? value
        : throw new EspalierException($"{name} is {value}; it must be above 0 and below 1; {ends}");
}
