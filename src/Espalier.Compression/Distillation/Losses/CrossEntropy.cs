namespace Espalier.Compression.Distillation.Losses;

/// <summary>−log q[target]: next-token cross-entropy. Gradient: q − onehot(target).</summary>
internal sealed class CrossEntropy : LogitLoss
{
    public override string Name => "cross-entropy";

    public override bool TakesBfloat16 => true;

    public override bool NeedsTeacher => false;

    internal override bool TakesSparse => true;

    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C) =>
        student_CV.CrossEntropyInPlace(targets_C);
}
