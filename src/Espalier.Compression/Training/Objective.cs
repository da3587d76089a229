using Espalier.Models;

namespace Espalier.Compression.Training;

/// <summary>What an objective found for some positions, as sums: the trainer divides by the global token count.</summary>
/// <param name="Sum">What is minimised.</param>
/// <param name="Parts">Its named parts before their weights, in the order of <see cref="Objective.PartNames"/>.</param>
public sealed record ObjectiveSums(double Sum, IReadOnlyList<double> Parts);

/// <summary>
/// What a run minimises. Losses are sums; the trainer divides by the global token count, which it hands down as <c>scale</c>.
/// </summary>
public abstract class Objective
{
    /// <summary>Short name for metrics and reports.</summary>
    public abstract string Name { get; }

    /// <summary>Names of the parts; none where the loss is one thing.</summary>
    public virtual IReadOnlyList<string> PartNames => [];

    /// <summary>What is trained beside the student, each set with a gradient norm and clip of its own. The objective owns it.</summary>
    public virtual IReadOnlyList<ParameterSet> Trained => [];

    /// <summary>
    /// Adds scale · d(summed loss)/d(parameter) to the gradient of every parameter of the student that wants one, and returns the
    /// summed loss (nats) of the batch's positions.
    /// </summary>
    public abstract ObjectiveSums Accumulate(Decoder student, Batch batch, double scale);
}
