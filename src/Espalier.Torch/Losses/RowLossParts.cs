using Espalier.Torch.Operators;

namespace Espalier.Torch.Losses;

/// <summary>Losses between rows of logits out of libtorch's operators.</summary>
internal static class RowLossParts
{
    /// <summary>
    /// A loss between p = softmax(teacher / τ) and q = softmax(student / τ), given itself and its slope in q up to a constant of each row:
    /// the gradient on the logits is q (slope − Σ q slope) / τ. Computed in float64 whatever the logits are: where the models are far
    /// apart, slopes are differences of logarithms in the hundreds, of which float32 keeps no fifth decimal.
    /// </summary>
    public static Tensor OfProbabilities(
        Tensor student_CV, Tensor teacher_CV, double temperature, Func<Tensor, Tensor, Tensor, (Tensor Loss_C, Tensor Slope_CV)> loss)
    {
        var (s_CV, t_CV) = (student_CV.To(DType.Float64), teacher_CV.To(DType.Float64));
        if (temperature != 1.0)
            (s_CV, t_CV) = (s_CV.Mul(1 / temperature), t_CV.Mul(1 / temperature));
        var (logQ_CV, logP_CV) = (s_CV.LogSoftmax(-1), t_CV.LogSoftmax(-1));
        var q_CV = logQ_CV.Exp();
        var (loss_C, slope_CV) = loss(logP_CV, logQ_CV, q_CV);

        slope_CV.SubInPlace(slope_CV.Mul(q_CV).Sum([-1], keep: true));
        slope_CV.MulInPlace(q_CV);
        if (temperature != 1.0)
            slope_CV.MulInPlace(1 / temperature);
        student_CV.CopyInPlace(slope_CV);
        return loss_C.To(student_CV.DType);
    }
}
