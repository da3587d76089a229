using Espalier.Compression.Data.Batches;
using Espalier.Compression.Training.Optimizers;

namespace Espalier.Compression.Training;

/// <summary>
/// What an objective found for the positions that count, as sums: the trainer divides by the step's number of counted tokens.
/// </summary>
/// <param name="Sum">What is minimised.</param>
/// <param name="Parts">Its named parts before their weights, in the order of <see cref="Objective.PartNames"/>.</param>
public readonly record struct ObjectiveSums(double Sum, IReadOnlyList<double> Parts);

/// <summary>
/// What a run minimises. Losses are sums over the positions that count (<see cref="Batch.LossMask"/>); the trainer divides by their number
/// in the whole step, which it hands down as <c>scale</c>, so that micro-batches and processes add up to one batch.
/// </summary>
public abstract class Objective
{
    /// <summary>Short name for metrics and reports.</summary>
    public abstract string Name { get; }

    /// <summary>Names of the parts; none where the loss is one thing.</summary>
    public virtual IReadOnlyList<string> PartNames => [];

    /// <summary>What metrics call a part.</summary>
    internal virtual string MetricOf(string part) => $"loss_{part}";

    /// <summary>What is trained along with the student, each set with its own gradient norm and clipping. The objective owns it.</summary>
    public virtual IReadOnlyList<ParameterSet> Trained => [];

    /// <summary>
    /// Whether <see cref="Accumulate"/> may run on several threads at once, each with a student of its own: then a step's windows are
    /// shared out among them. No, unless an objective says so; one that trains something beside the student cannot.
    /// </summary>
    public virtual bool TakesThreads => false;

    /// <summary>
    /// Adds scale · d(summed loss)/d(parameter) to the gradient of every parameter of the student that wants one, and returns the
    /// summed loss (nats) of the batch's counted positions. Where none counts, nothing is computed and the sums are 0.
    /// </summary>
    public ObjectiveSums Accumulate(Decoder student, Batch batch, double scale) =>
        batch.CountedTokens == 0 ? new(0, new double[PartNames.Count]) : AccumulateCounted(student, batch, scale);

    /// <summary><see cref="Accumulate"/> where at least one position counts.</summary>
    protected abstract ObjectiveSums AccumulateCounted(Decoder student, Batch batch, double scale);
}
