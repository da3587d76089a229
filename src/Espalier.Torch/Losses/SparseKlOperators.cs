using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

// Shapes: C positions of a chunk, K kept entries, V vocabulary.

/// <summary>Forward KL against some entries of the teacher's distributions. Nothing is recorded.</summary>
internal static class SparseKlOperators
{
    /// <summary>
    /// With a tail bucket: Σ_K p log(p/q) + (1−P) log((1−P)/(1−Q)), P and Q the masses on K, whose gradient is exact on the kept entries;
    /// without: −Σ w log q − H, unbiased where the entries are draws (arXiv 2503.16870), with gradient (Σw) q − w. The losses are [C];
    /// these student logits, [C, V], are overwritten with the gradient of their sum. Float32 in order on the CPU by a kernel of ours.
    /// </summary>
    /// <param name="student">Student logits, [C, V], overwritten.</param>
    /// <param name="ids_CK">Which entries, Int64; with a tail none twice, else what is there twice counts twice.</param>
    /// <param name="weights_CK">Their probabilities at this temperature, or what a draw weighs.</param>
    /// <param name="logTail_C">Logarithm of the probability of all others together; null where the weights alone make the target.</param>
    /// <param name="entropy_C">H, or null for 0; of no effect beside a tail.</param>
    /// <param name="temperature">What logits are divided by, above 0.</param>
    public static Tensor SparseKlInPlace(
        this Tensor student, Tensor ids_CK, Tensor weights_CK, Tensor? logTail_C, Tensor? entropy_C, double temperature) =>
        student.IsForwardFused && student.LiesInRows && weights_CK.IsForwardFused && (logTail_C ?? entropy_C)?.IsForwardFused != false
            ? SparseKlKernel.Run(student, ids_CK, weights_CK, logTail_C, entropy_C, temperature)
            : student.SparseKlInPlaceByParts(ids_CK, weights_CK, logTail_C, entropy_C, temperature);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor SparseKlInPlaceByParts(
        this Tensor student, Tensor ids_CK, Tensor weights_CK, Tensor? logTail_C, Tensor? entropy_C, double temperature)
    {
        using var noGrad = GradMode.Disable();
        if (temperature != 1.0)
            student.MulInPlace(1 / temperature);
        var w_CK = weights_CK.To(student.DType);
        var logQ_CV = student.LogSoftmax(-1);
        var logQ_CK = logQ_CV.Gather(-1, ids_CK);
        student.CopyInPlace(logQ_CV);
        student.ExpInPlace();
        Tensor loss_C;
        if (logTail_C is null)
        {
            student.MulInPlace(w_CK.Sum([-1], keep: true));
            loss_C = logQ_CK.Mul(w_CK).MaskedFill(w_CK.LessOrEqual(0), 0).Sum([-1]).Neg();
            if (entropy_C is not null)
                loss_C.SubInPlace(entropy_C.To(student.DType));
        }
        else
            loss_C = student.WithTail(logQ_CV, logQ_CK, w_CK, ids_CK, logTail_C.To(student.DType));
        student.ScatterAddInPlace(-1, ids_CK, w_CK.Neg());
        if (temperature != 1.0)
            student.MulInPlace(1 / temperature);
        return loss_C;
    }

    // This is q. d/dz_j: q_j − p_j on K; q_j (P − Q) / (1 − Q) = q_j (1 − (1−P)/(1−Q)) elsewhere. 1 − P and 1 − Q come as logarithms over
    // the tail, for 1 − P underflows.
    private static Tensor WithTail(this Tensor student, Tensor logQ_CV, Tensor logQ_CK, Tensor p_CK, Tensor ids_CK, Tensor logTailP_C)
    {
        var tail_CV = logQ_CV.Clone();
        tail_CV.ScatterFillInPlace(-1, ids_CK, double.NegativeInfinity);
        var logTailQ_C = tail_CV.LogSumExp(-1);
        var (logRatio_C, tailP_C) = (logTailP_C.Sub(logTailQ_C), logTailP_C.Exp());
        tail_CV.ExpInPlace();
        // A student without any tail gives its kept entries all: nothing is left to divide.
        student.SubInPlace(tail_CV.Mul(logRatio_C.Exp().MaskedFill(logTailQ_C.Less(double.MinValue), 0).Unsqueeze(-1)));

        var onK_CK = p_CK.Log().Sub(logQ_CK).Mul(p_CK).MaskedFill(p_CK.LessOrEqual(0), 0);
        return onK_CK.Sum([-1]).Add(tailP_C.Mul(logRatio_C).MaskedFill(tailP_C.LessOrEqual(0), 0));
    }
}
