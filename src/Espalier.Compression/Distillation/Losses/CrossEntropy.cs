using Espalier.Torch;

namespace Espalier.Compression.Distillation.Losses;

/// <summary>−log q[target]: next-token cross-entropy. Gradient: q − onehot(target).</summary>
internal sealed class CrossEntropy : LogitLoss
{
    /// <inheritdoc/>
    public override string Name => "cross-entropy";

    /// <inheritdoc/>
    public override bool TakesBfloat16 => true;

    /// <inheritdoc/>
    public override bool NeedsTeacher => false;

    /// <inheritdoc/>
    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C) =>
        student_CV.CrossEntropyInPlace(targets_C);
}
