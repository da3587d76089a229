namespace Espalier.Compression.Training.Profiling;

/// <summary>
/// Floating-point operations of a position by phase: two for each weight of a product and those of attention inside a causal window
/// (<see cref="DecoderConfig.ForwardFlopsPerToken"/>), the way back twice that. What frozen parts save and activation checkpointing adds is
/// not counted.
/// </summary>
/// <param name="Teacher">Of the teacher without its head.</param>
/// <param name="Forward">Of the student without its head.</param>
/// <param name="Head">Of the student's head and its gradients, and of the teacher's head.</param>
/// <param name="Backward">Of the student's way back.</param>
internal sealed record StepOperations(double Teacher, double Forward, double Head, double Backward)
{
    /// <summary>All of them.</summary>
    public double Total => Teacher + Forward + Head + Backward;

    /// <summary>Those of a training.</summary>
    /// <param name="student">The model that is trained.</param>
    /// <param name="teacher">The teacher that runs beside it, or null.</param>
    /// <param name="learns">Whether the teacher takes a step of its own on each batch.</param>
    /// <param name="sequence">Positions of a window.</param>
    public static StepOperations Of(DecoderConfig student, DecoderConfig? teacher, bool learns, int sequence)
    {
        var (head, teacherHead) = (HeadOf(student), teacher is null ? 0 : HeadOf(teacher));
        var forward = student.ForwardFlopsPerToken(sequence) - head;
        var teacherBody = teacher is null ? 0 : teacher.ForwardFlopsPerToken(sequence) - teacherHead;
        return new(learns ? 3 * (teacherBody + teacherHead) : teacherBody, forward, 3 * head + teacherHead, 2 * forward);
    }

    /// <summary>Those of a phase; 0 where it multiplies no matrices.</summary>
    public double Of(StepPhase phase) => phase switch
    {
        StepPhase.Teacher => Teacher,
        StepPhase.Forward => Forward,
        StepPhase.Head => Head,
        StepPhase.Backward => Backward,
        _ => 0,
    };

    private static double HeadOf(DecoderConfig model) => 2.0 * model.VocabularySize * model.HiddenSize;
}
