using Espalier.Models;

namespace Espalier.Compression.Training;

/// <summary>
/// What a run minimises. Losses are sums; the trainer divides by the global token count, which it hands down as <c>scale</c>.
/// </summary>
public abstract class Objective
{
    /// <summary>Short name for metrics and reports.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Adds scale · d(summed loss)/d(parameter) to the gradient of every parameter of the student that wants one, and returns the
    /// summed loss (nats) of the batch's positions.
    /// </summary>
    public abstract double Accumulate(Decoder student, Batch batch, double scale);
}
