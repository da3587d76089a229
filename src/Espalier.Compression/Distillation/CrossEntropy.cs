using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>−log q[target]: next-token cross-entropy. Gradient: q − onehot(target).</summary>
public sealed class CrossEntropy : LogitLoss
{
    /// <inheritdoc/>
    public override string Name => "cross-entropy";

    /// <inheritdoc/>
    public override bool NeedsTeacher => false;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C)
    {
        var index_C1 = targets_C.Unsqueeze(-1);
        var logQ_CV = student_CV.LogSoftmax(-1);
        var loss_C = logQ_CV.Gather(-1, index_C1).Squeeze(-1).Neg();
        student_CV.CopyInPlace(logQ_CV);
        student_CV.ExpInPlace();
        student_CV.ScatterAddInPlace(-1, index_C1, Tensor.Full(-1, student_CV.DType, targets_C.Size(0), 1));
        return loss_C;
    }
}
