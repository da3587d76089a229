namespace Espalier.Torch.Losses;

/// <summary>
/// A loss between rows of logits s (student) and t (teacher), with q = softmax(s / τ) and p = softmax(t / τ), which <see
/// cref="RowLossOperators.RowLossInPlace"/> computes. What is compared, its type says: <see cref="RowLoss{TRow}"/>.
/// </summary>
/// <param name="Temperature">τ, above 0; of no effect where logits are compared.</param>
/// <param name="TeacherShare">α of a mixture, above 0 and below 1.</param>
/// <param name="OfTeacher">A of a mixture.</param>
/// <param name="OfStudent">B of a mixture.</param>
internal abstract record RowLoss(double Temperature, double TeacherShare, double OfTeacher, double OfStudent)
{
    public abstract Tensor ByKernel(Tensor student_CV, Tensor teacher_CV);

    public abstract Tensor ByParts(Tensor student_CV, Tensor teacher_CV);
}

/// <summary>The loss of a kind of row.</summary>
/// <typeparam name="TRow">What is done with the rows of both sides.</typeparam>
/// <param name="Temperature">τ, above 0; of no effect where logits are compared.</param>
/// <param name="TeacherShare">α of a mixture, above 0 and below 1.</param>
/// <param name="OfTeacher">A of a mixture.</param>
/// <param name="OfStudent">B of a mixture.</param>
internal sealed record RowLoss<TRow>(double Temperature = 1, double TeacherShare = 0, double OfTeacher = 0, double OfStudent = 0)
    : RowLoss(Temperature, TeacherShare, OfTeacher, OfStudent) where TRow : struct, IRowLoss
{
    public override Tensor ByKernel(Tensor student_CV, Tensor teacher_CV) => RowLossKernel.Run<TRow>(student_CV, teacher_CV, this);

    public override Tensor ByParts(Tensor student_CV, Tensor teacher_CV) => TRow.ByParts(student_CV, teacher_CV, this);
}
