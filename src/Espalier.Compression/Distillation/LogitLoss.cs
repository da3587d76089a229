using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: C positions of a chunk, V vocabulary, P parts of a sum.

/// <summary>A named term of a loss and what it is multiplied by.</summary>
public readonly record struct LossPart(string Name, double Weight);

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

    /// <summary>Whether logits may come in bfloat16, and their gradient goes back so; computed is in float32 all the same.</summary>
    public virtual bool TakesBfloat16 => false;

    /// <summary>What the loss is the weighted sum of; itself alone unless it is a mix.</summary>
    public virtual IReadOnlyList<LossPart> Parts => [new(Name, 1)];

    /// <summary>
    /// The loss of each position in nats, [C] (of a mix [P, C], its parts before their weights); overwrites <paramref name="student_CV"/> with
    /// d(weighted sum over parts and positions)/d(student logits). Called without gradient recording. May overwrite the teacher's logits.
    /// </summary>
    /// <param name="student_CV">Student logits, [C, V]; on return their gradient.</param>
    /// <param name="teacher">What is known of the teacher; null where <see cref="NeedsTeacher"/> is false.</param>
    /// <param name="targets_C">Next ids, Int64 [C].</param>
    public abstract Tensor Compute(Tensor student_CV, TeacherChunk? teacher, Tensor targets_C);

    /// <summary>Checks a temperature.</summary>
    internal static double Temperature(double temperature) => temperature > 0 && double.IsFinite(temperature)
        ? temperature
        : throw new EspalierException($"temperature is {temperature} and must be above 0");
}
