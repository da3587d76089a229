using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>(1/V) Σ (teacher − student)² on the raw logits. Gradient: 2 (student − teacher) / V.</summary>
public sealed class MseLogits : LogitLoss
{
    /// <inheritdoc/>
    public override string Name => "mse-logits";

    /// <inheritdoc/>
    public override bool NeedsTeacher => true;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C)
    {
        var V = student_CV.Size(-1);
        student_CV.SubInPlace(TeacherChunk.LogitsOf(teacher, this));
        var loss_C = student_CV.Square().Sum([-1]).Mul(1.0 / V);
        student_CV.MulInPlace(2.0 / V);
        return loss_C;
    }
}
