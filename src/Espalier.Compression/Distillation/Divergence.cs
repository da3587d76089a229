using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: C positions of a chunk, V vocabulary.

/// <summary>
/// A loss between p = softmax(teacher / τ) and q = softmax(student / τ). A subclass gives the loss and g = ∂loss/∂q; the gradient on the logits is
/// q (g − Σ q g) / τ. No factor τ²: see <see cref="MixedLoss.Of"/>. Computed in float64 whatever the logits are: where the models are far apart, slopes are differences of
/// logarithms in the hundreds, of which float32 keeps no fifth decimal.
/// </summary>
/// <param name="temperature">τ, above 0.</param>
public abstract class Divergence(double temperature) : LogitLoss
{
    private readonly double _temperature = Temperature(temperature);

    /// <inheritdoc/>
    public sealed override bool NeedsTeacher => true;

    /// <inheritdoc/>
    public sealed override Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C)
    {
        var q_CV = student_CV.To(DType.Float64);
        var logP_CV = TeacherChunk.LogitsOf(teacher, this).To(DType.Float64);
        if (_temperature != 1.0)
        {
            q_CV.MulInPlace(1 / _temperature);
            logP_CV.MulInPlace(1 / _temperature);
        }
        var logQ_CV = q_CV.LogSoftmax(-1);
        q_CV.CopyInPlace(logQ_CV);
        q_CV.ExpInPlace();
        var (loss_C, slope_CV) = Of(logP_CV.LogSoftmax(-1), logQ_CV, q_CV);

        slope_CV.SubInPlace(slope_CV.Mul(q_CV).Sum([-1], keep: true));
        slope_CV.MulInPlace(q_CV);
        if (_temperature != 1.0)
            slope_CV.MulInPlace(1 / _temperature);
        student_CV.CopyInPlace(slope_CV);
        return loss_C.To(student_CV.DType);
    }

    /// <summary>The loss of each position, and ∂loss/∂q up to a constant of each row; may overwrite the logarithms, not q.</summary>
    protected abstract (Tensor Loss_C, Tensor Slope_CV) Of(Tensor logP_CV, Tensor logQ_CV, Tensor q_CV);
}
