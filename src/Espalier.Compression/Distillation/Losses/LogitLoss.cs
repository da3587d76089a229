namespace Espalier.Compression.Distillation.Losses;

// Shapes: N positions, C positions of a chunk, D student width, V vocabulary, P parts of a sum.

/// <summary>A named term of a loss and what it is multiplied by.</summary>
public readonly record struct LossPart(string Name, double Weight);

/// <summary>What <see cref="LogitLoss.Backward"/> found.</summary>
/// <param name="Sum">Summed loss of all positions, each part times its weight.</param>
/// <param name="Parts">Summed parts before their weights, in the order of <see cref="LogitLoss.Parts"/>.</param>
/// <param name="HiddenGradient">scale · d(sum)/d(hidden), [N, D].</param>
public readonly record struct HeadResult(double Sum, double[] Parts, Tensor HiddenGradient);

/// <summary>
/// A loss on logits with its gradient made in the forward. One class a loss; <see cref="LmHead"/> runs any of them over chunks of
/// positions, so that tokens × vocabulary never exists at once.
/// </summary>
public abstract class LogitLoss
{
    private LossPart[]? _alone;

    /// <summary>The field's short name, as recipes and metrics write it.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the loss compares with a teacher's logits.</summary>
    public abstract bool NeedsTeacher { get; }

    /// <summary>
    /// Whether a cache of some entries of each distribution is enough of the teacher; false unless a loss says so. True too where none is
    /// needed.
    /// </summary>
    internal virtual bool TakesSparse => false;

    /// <summary>Whether logits may come in bfloat16, and their gradient goes back so; computed is in float32 all the same.</summary>
    public virtual bool TakesBfloat16 => false;

    /// <summary>What the loss is the weighted sum of; itself alone unless it is a mix.</summary>
    public virtual IReadOnlyList<LossPart> Parts => _alone ??= [new(Name, 1)];

    /// <summary>
    /// The loss of each position in nats, [C] (of a mix [P, C], its parts before their weights); overwrites <paramref name="student_CV"/>
    /// with d(weighted sum over parts and positions)/d(student logits). Called without gradient recording. May overwrite the teacher's
    /// logits.
    /// </summary>
    /// <param name="student_CV">Student logits, [C, V]; on return their gradient.</param>
    /// <param name="teacher">What is known of the teacher; null where <see cref="NeedsTeacher"/> is false.</param>
    /// <param name="targets_C">Next ids, Int64 [C].</param>
    public abstract Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C);

    /// <summary>
    /// The summed loss of all positions and its gradients, by <see cref="LmHead.Backward(Tensor, int, double, ChunkLoss, int)"/>.
    /// </summary>
    /// <param name="head">The student's head.</param>
    /// <param name="hidden_ND">Student hidden states before it, cut off from the graph.</param>
    /// <param name="targets_N">Next ids, Int64.</param>
    /// <param name="teacher">
    /// Null where the loss needs none. Where its vocabulary has another size than the student's, what only one of them has is padding and
    /// gets no probability on either side.
    /// </param>
    /// <param name="scale">Multiplies the gradients, not the sum: 1 / (tokens of the whole step).</param>
    /// <param name="chunk">Positions a chunk; 0 chooses.</param>
    public HeadResult Backward(LmHead head, Tensor hidden_ND, Tensor targets_N, TeacherDistributions? teacher, double scale, int chunk = 0)
    {
        var parts = new double[Parts.Count];
        var (sum, gradient_ND) = BackwardInto(head, hidden_ND, targets_N, teacher, scale, parts, chunk);
        return new(sum, parts, gradient_ND);
    }

    /// <summary>The same, with the parts' sums into <paramref name="parts"/>.</summary>
    internal (double Sum, Tensor HiddenGradient) BackwardInto(
        LmHead head, Tensor hidden_ND, Tensor targets_N, TeacherDistributions? teacher, double scale, Span<double> parts, int chunk = 0)
    {
        var V = Math.Min(head.Vocabulary, teacher?.Vocabulary ?? long.MaxValue);
        var chunks = LossOfChunks.Begin(this, targets_N, teacher, V);
        Tensor gradient_ND;
        try
        {
            gradient_ND = head.First(V).Backward(hidden_ND, parts, scale, chunks.Compute, chunk, LetsGo && teacher?.LetsGo != false);
        }
        finally
        {
            chunks.End();
        }
        var (sum, named) = (0.0, Parts);
        for (var i = 0; i < parts.Length; i++)
            sum += parts[i] * named[i].Weight;
        return (sum, gradient_ND);
    }

    /// <summary>
    /// Whether it keeps none of the tensors it was given after the call. True for this library's losses, unknown for others.
    /// </summary>
    internal virtual bool LetsGo => GetType().Assembly == typeof(LogitLoss).Assembly;

    /// <summary>
    /// Whether it may compute on several threads at once, because it has no state. True for this library's losses, unknown for others.
    /// </summary>
    internal virtual bool TakesThreads => LetsGo;

    /// <summary>Checks a temperature.</summary>
    internal static double Temperature(double temperature) => temperature > 0 && double.IsFinite(temperature)
        ? temperature
        : throw new EspalierException($"temperature is {temperature}; it must be above 0");
}
