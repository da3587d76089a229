using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: C positions of a chunk, K kept entries, V vocabulary.

/// <summary>
/// Forward KL against some entries of the teacher's distribution. With a tail bucket: Σ_K p log(p/q) + (1−P) log((1−P)/(1−Q)), whose gradient is exact on
/// the kept entries; without: −Σ w log q − H, unbiased where the entries are draws (arXiv 2503.16870), with gradient (Σw) q − w.
/// </summary>
internal static class SparseKl
{
    /// <summary>As <see cref="LogitLoss.Compute"/>.</summary>
    public static Tensor Compute(Tensor student_CV, SparseChunk teacher, double temperature)
    {
        if (temperature != 1.0)
            student_CV.MulInPlace(1 / temperature);
        var weights_CK = teacher.Weights_CK.DType == student_CV.DType ? teacher.Weights_CK : teacher.Weights_CK.To(student_CV.DType);
        var logQ_CV = student_CV.LogSoftmax(-1);
        var logQ_CK = logQ_CV.Gather(-1, teacher.Ids_CK);
        var loss_C = teacher.LogTail_C is { } logTail_C
            ? WithTail(student_CV, logQ_CV, logQ_CK, weights_CK, teacher.Ids_CK, logTail_C)
            : Drawn(student_CV, logQ_CV, logQ_CK, weights_CK, teacher);
        student_CV.ScatterAddInPlace(-1, teacher.Ids_CK, weights_CK.Neg());
        if (temperature != 1.0)
            student_CV.MulInPlace(1 / temperature);
        return loss_C;
    }

    private static Tensor Drawn(Tensor student_CV, Tensor logQ_CV, Tensor logQ_CK, Tensor weights_CK, SparseChunk teacher)
    {
        student_CV.CopyInPlace(logQ_CV);
        student_CV.ExpInPlace();
        student_CV.MulInPlace(weights_CK.Sum([-1], keep: true));
        var loss_C = logQ_CK.Mul(weights_CK).Sum([-1]).Neg();
        if (teacher.Entropy_C is { } entropy_C)
            loss_C.SubInPlace(entropy_C);
        return loss_C;
    }

    // d/dz_j: q_j − p_j on K; q_j (P − Q) / (1 − Q) = q_j (1 − (1−P)/(1−Q)) elsewhere. 1 − P and 1 − Q come as logarithms over the tail, for 1 − P underflows.
    private static Tensor WithTail(Tensor student_CV, Tensor logQ_CV, Tensor logQ_CK, Tensor p_CK, Tensor ids_CK, Tensor logTailP_C)
    {
        var tail_CV = logQ_CV.Clone();
        tail_CV.ScatterFillInPlace(-1, ids_CK, double.NegativeInfinity);
        var logTailQ_C = tail_CV.LogSumExp(-1);
        var logRatio_C = logTailP_C.To(student_CV.DType).Sub(logTailQ_C);
        var tailP_C = logTailP_C.To(student_CV.DType).Exp();

        student_CV.CopyInPlace(logQ_CV);
        student_CV.ExpInPlace();
        tail_CV.ExpInPlace();
        student_CV.AddcmulInPlace(tail_CV, Finite(logRatio_C.Exp(), logTailQ_C).Unsqueeze(-1), -1);

        var onK_CK = p_CK.Log().Sub(logQ_CK).Mul(p_CK).MaskedFill(p_CK.LessOrEqual(0), 0);
        return onK_CK.Sum([-1]).Add(tailP_C.Mul(logRatio_C).MaskedFill(tailP_C.LessOrEqual(0), 0));
    }

    /// <summary>A student without any tail gives its kept entries all: nothing is left to divide.</summary>
    private static Tensor Finite(Tensor ratio_C, Tensor logTailQ_C) => ratio_C.MaskedFill(logTailQ_C.Less(double.MinValue), 0);
}
