namespace Espalier.Pipeline.Options.Training;

/// <summary>What the meaning of a training's keys depends on beside themselves.</summary>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Corrects">Whether a teacher is corrected, which has defaults of its own.</param>
/// <param name="HasLoss">Whether the loss can be chosen; else it is cross-entropy.</param>
/// <param name="Tokens">Tokens to train on where the section says nothing; null refuses that.</param>
/// <param name="RateOfTeacher">The peak that <c>teacher-learning-rate</c> stands for; null where it is not given.</param>
/// <param name="AlignsAt">Peak of an alignment that names none; null where it is no alignment.</param>
/// <param name="IsFromNothing">Whether the weights are random: nothing in them is worth keeping.</param>
internal sealed record TrainingScope(int Sequence = 256, bool Corrects = false, bool HasLoss = false, long? Tokens = null,
    double? RateOfTeacher = null, double? AlignsAt = null, bool IsFromNothing = false)
{
    /// <summary>Peak of the learning rate where none is named.</summary>
    public double LearningRate =>
        RateOfTeacher ?? AlignsAt ?? (Corrects ? CorrectionSection.DefaultLearningRate : new TrainingSection().LearningRate);

    /// <summary>Warm-up of a training of so many steps that names none.</summary>
    public int WarmUpOf(long steps) => Corrects ? CorrectionSection.DefaultWarmUp(steps) : TrainingSection.WarmUpOf(steps);
}
