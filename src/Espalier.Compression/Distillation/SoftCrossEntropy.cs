using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>−Σ p log q: forward KL plus the teacher's entropy, with the same gradient, (q − p) / τ (Hinton et al., arXiv 1503.02531).</summary>
/// <param name="temperature">τ, above 0.</param>
public sealed class SoftCrossEntropy(double temperature = 1.0) : LogitLoss
{
    private readonly double _temperature = Temperature(temperature);

    /// <inheritdoc/>
    public override string Name => "soft-cross-entropy";

    /// <inheritdoc/>
    public override bool NeedsTeacher => true;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C)
    {
        var teacher_CV = TeacherChunk.LogitsOf(teacher, this);
        if (_temperature != 1.0)
        {
            student_CV.MulInPlace(1 / _temperature);
            teacher_CV.MulInPlace(1 / _temperature);
        }
        var p_CV = teacher_CV.Softmax(-1);
        var logQ_CV = student_CV.LogSoftmax(-1);
        student_CV.CopyInPlace(logQ_CV);
        student_CV.ExpInPlace();
        student_CV.SubInPlace(p_CV);
        if (_temperature != 1.0)
            student_CV.MulInPlace(1 / _temperature);
        logQ_CV.MulInPlace(p_CV);
        return logQ_CV.Sum([-1]).Neg();
    }
}
