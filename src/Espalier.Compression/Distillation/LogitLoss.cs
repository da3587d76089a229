using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: C positions of a chunk, V vocabulary.

/// <summary>
/// A loss on logits with its gradient made in the forward. One class a loss; <see cref="ChunkedHead"/> runs any of them over chunks of positions, so
/// that tokens × vocabulary never exists at once.
/// </summary>
public abstract class LogitLoss
{
    /// <summary>The field's short name, as recipes and metrics write it.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the loss compares with a teacher's logits.</summary>
    public abstract bool NeedsTeacher { get; }

    /// <summary>
    /// The loss of each position, in nats, [C]; overwrites <paramref name="student_CV"/> with its gradient, d(sum of losses)/d(student logits).
    /// Called without gradient recording. May overwrite <paramref name="teacher_CV"/>.
    /// </summary>
    /// <param name="student_CV">Student logits, [C, V]; on return their gradient.</param>
    /// <param name="teacher_CV">Teacher logits, [C, V]; null where <see cref="NeedsTeacher"/> is false.</param>
    /// <param name="targets_C">Next ids, Int64 [C].</param>
    public abstract Tensor Compute(Tensor student_CV, Tensor? teacher_CV, Tensor targets_C);
}
