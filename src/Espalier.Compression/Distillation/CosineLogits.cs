using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>1 − cosine of the raw logits s (student) and t (teacher). Gradient: (cos s / |s| − t / |t|) / |s|.</summary>
public sealed class CosineLogits : LogitLoss
{
    /// <inheritdoc/>
    public override string Name => "cosine-logits";

    /// <inheritdoc/>
    public override bool NeedsTeacher => true;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C)
    {
        var unitT_CV = TeacherChunk.LogitsOf(teacher, this);
        unitT_CV.DivInPlace(unitT_CV.Norm([-1], keep: true));
        var norm_C1 = student_CV.Norm([-1], keep: true);
        student_CV.DivInPlace(norm_C1);
        var cosine_C1 = student_CV.Mul(unitT_CV).Sum([-1], keep: true);
        student_CV.MulInPlace(cosine_C1);
        student_CV.SubInPlace(unitT_CV);
        student_CV.DivInPlace(norm_C1);
        return cosine_C1.Squeeze(-1).Neg().Add(1);
    }
}
