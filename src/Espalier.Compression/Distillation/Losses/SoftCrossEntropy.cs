namespace Espalier.Compression.Distillation.Losses;

/// <summary>
/// −Σ p log q: forward KL plus the teacher's entropy, with the same gradient, (q − p) / τ (Hinton et al., arXiv 1503.02531).
/// </summary>
/// <param name="temperature">τ, above 0.</param>
internal sealed class SoftCrossEntropy(double temperature = 1.0) : LogitLoss
{
    private readonly double _temperature = Temperature(temperature);

    public override string Name => "soft-cross-entropy";

    public override bool TakesBfloat16 => true;

    public override bool NeedsTeacher => true;

    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C) =>
        student_CV.DivergenceInPlace(DistributionChunk.LogitsOf(teacher, this), _temperature, withEntropy: false);
}
