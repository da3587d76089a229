using Espalier.Torch;

namespace Espalier.Compression.Distillation;

/// <summary>
/// KL(p, q) = Σ p (log p − log q), p = softmax(teacher / τ), q = softmax(student / τ): the recipe's loss (Minitron, arXiv 2407.14679,
/// section 3). Gradient: (q − p) / τ. No factor τ²: with a temperature other than 1 the caller scales where that convention is wanted.
/// </summary>
public sealed class ForwardKl : LogitLoss
{
    private readonly double _temperature;

    /// <summary>Creates the loss.</summary>
    /// <param name="temperature">τ, above 0; 1 is the recipe's.</param>
    public ForwardKl(double temperature = 1.0) => _temperature = temperature > 0 && double.IsFinite(temperature)
        ? temperature
        : throw new EspalierException($"temperature is {temperature} and must be above 0");

    /// <inheritdoc/>
    public override string Name => "forward-kl";

    /// <inheritdoc/>
    public override bool NeedsTeacher => true;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, Tensor? teacher_CV, Tensor targets_C)
    {
        ArgumentNullException.ThrowIfNull(teacher_CV);
        if (_temperature != 1.0)
        {
            student_CV.MulInPlace(1 / _temperature);
            teacher_CV.MulInPlace(1 / _temperature);
        }
        var difference_CV = teacher_CV.LogSoftmax(-1);
        var p_CV = difference_CV.Exp();
        var logQ_CV = student_CV.LogSoftmax(-1);
        student_CV.CopyInPlace(logQ_CV);
        student_CV.ExpInPlace();
        student_CV.SubInPlace(p_CV);
        if (_temperature != 1.0)
            student_CV.MulInPlace(1 / _temperature);

        difference_CV.SubInPlace(logQ_CV);
        difference_CV.MulInPlace(p_CV);
        return difference_CV.Sum([-1]);
    }
}
