using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Applies a plan by slicing: rows and columns of the kept units, unscaled, queries and experts merged where the plan says so, layers
/// renumbered. Streams one block of rows at a time from the teacher into a new Hugging Face folder, so that not even a tensor need fit in
/// memory. Every weight of the teacher is read once, those that go too: one that is not finite is refused.
/// </summary>
internal static class Pruner
{
    /// <summary>Writes the student's folder; it appears whole or not at all.</summary>
    /// <param name="stored">Element type to store.</param>
    /// <param name="progress">Receives the parameters written.</param>
    /// <param name="clamp">Whether weights beyond the element type's range become its largest number instead of being refused.</param>
    /// <param name="stop">Stops, leaving nothing after.</param>
    /// <exception cref="EspalierException">The plan does not fit the teacher, or a weight is not finite.</exception>
    public static DecoderConfig Write(
        Checkpoint teacher, PruningPlan plan, string folder, ElementType stored, IProgressReporter progress, bool clamp = false,
        CancellationToken stop = default)
    {
        var student = plan.Apply(teacher.Config);
        var bytes = student.Parameters * stored.Bytes();
        var weights = new SlicedWeights(teacher, plan, NeuronMatches.Of(teacher, plan, progress, stop));
        teacher.CheckFinite(weights.LeftOut, stop);
        using var task = progress.Begin("prune", bytes, "bytes");
        var narrowing = new Narrowing(clamp);
        CheckpointWriter.Write(folder, student, teacher, stored, weights,
            new() { Progress = written => task.Advance(written), Narrowing = narrowing }, stop);
        if (narrowing.Warning is { } warning)
            progress.Warn($"{folder}: {warning}");
        return student;
    }
}
