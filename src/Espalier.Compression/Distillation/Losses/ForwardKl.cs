namespace Espalier.Compression.Distillation.Losses;

/// <summary>
/// KL(p, q) = Σ p (log p − log q), p = softmax(teacher / τ), q = softmax(student / τ): the recipe's loss (Minitron, arXiv 2407.14679,
/// section 3). Gradient: (q − p) / τ. No factor τ²: see <see cref="MixedLoss.Of"/> where that convention is wanted. Takes entries of a
/// cache in place of the whole distribution (<see cref="SparseKlOperators.SparseKlInPlace"/>), which then were captured at this
/// temperature.
/// </summary>
/// <param name="temperature">τ, above 0; 1 is the recipe's.</param>
public sealed class ForwardKl(double temperature = 1.0) : LogitLoss
{
    private readonly double _temperature = Temperature(temperature);

    /// <inheritdoc/>
    public override string Name => "forward-kl";

    /// <inheritdoc/>
    public override bool TakesBfloat16 => true;

    /// <inheritdoc/>
    public override bool NeedsTeacher => true;

    internal override bool TakesSparse => true;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C)
    {
        if (teacher is SparseChunk sparse)
            return sparse.Compare(student_CV, _temperature);
        return student_CV.DivergenceInPlace(DistributionChunk.LogitsOf(teacher, this), _temperature);
    }
}
