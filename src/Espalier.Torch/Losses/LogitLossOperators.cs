using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>
/// Losses of logits with their gradients, in place and without recording. Of float32 on the CPU by our kernels, else out of
/// libtorch's operators.
/// </summary>
public static class LogitLossOperators
{
    /// <summary>
    /// The losses −log q[target] of rows of logits [C, V], [C] in nats; the logits are overwritten with their gradient, q − onehot(target).
    /// </summary>
    public static Tensor CrossEntropyInPlace(this Tensor logits, Tensor targets) =>
        logits.IsRowsOfLogits ? LossKernels.CrossEntropy(logits, targets) : logits.CrossEntropyInPlaceByParts(targets);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor CrossEntropyInPlaceByParts(this Tensor logits, Tensor targets)
    {
        using var noGrad = GradMode.Disable();
        var index_C1 = targets.Unsqueeze(-1);
        var logQ_CV = logits.LogSoftmax(-1);
        var loss_C = logQ_CV.Gather(-1, index_C1).Squeeze(-1).Neg();
        logits.CopyInPlace(logQ_CV);
        logits.ExpInPlace();
        logits.ScatterAddInPlace(-1, index_C1, Tensor.Full(-1, logits.DType, logits.Device, targets.Size(0), 1));
        return loss_C;
    }

    /// <summary>
    /// The losses Σ p (log p − log q) of rows of student logits [C, V], [C] in nats, with p and q the softmax of teacher's and student's
    /// logits over the temperature; both are overwritten, the student's with their gradient, (q − p) / temperature.
    /// </summary>
    /// <param name="student">Student logits, [C, V], overwritten.</param>
    /// <param name="teacher">Teacher logits, [C, V].</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="withEntropy">Whether the teacher's own Σ p log p belongs to the loss; without it this is soft cross-entropy.</param>
    public static Tensor DivergenceInPlace(this Tensor student, Tensor teacher, double temperature, bool withEntropy = true) =>
        student.IsRowsOfLogits && teacher.IsRowsOfLogits && student.DType == teacher.DType
            ? LossKernels.Divergence(student, teacher, temperature, withEntropy)
            : student.DivergenceInPlaceByParts(teacher, temperature, withEntropy);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor DivergenceInPlaceByParts(this Tensor student, Tensor teacher, double temperature, bool withEntropy = true)
    {
        using var noGrad = GradMode.Disable();
        if (temperature != 1.0)
        {
            student.MulInPlace(1 / temperature);
            teacher.MulInPlace(1 / temperature);
        }
        var logP_CV = teacher.LogSoftmax(-1);
        var p_CV = logP_CV.Exp();
        var logQ_CV = student.LogSoftmax(-1);
        student.CopyInPlace(logQ_CV);
        student.ExpInPlace();
        student.SubInPlace(p_CV);
        if (temperature != 1.0)
            student.MulInPlace(1 / temperature);
        if (!withEntropy)
            logP_CV.ZeroInPlace();
        logP_CV.SubInPlace(logQ_CV);
        logP_CV.MulInPlace(p_CV);
        return logP_CV.MaskedFill(p_CV.LessOrEqual(0), 0).Sum([-1]);
    }

    /// <summary>The loss of each row's target, log Σ exp(row) − row[target], of logits [C, V] and ids [C] (Int64): [C], nats.</summary>
    public static Tensor TokenNll(this Tensor logits, Tensor targets) =>
        logits.IsForwardFused && !GradMode.Records(logits) ? TokenNllKernel.Forward(logits, targets) : logits.TokenNllByParts(targets);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor TokenNllByParts(this Tensor logits, Tensor targets) =>
        logits.LogSumExp(-1).Sub(logits.Gather(-1, targets.Unsqueeze(-1)).Squeeze(-1));
}
