using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

/// <summary>
/// Activation importance: one forward pass over the calibration samples with an <see cref="ImportanceCollector"/> that listens.
/// </summary>
internal static class ActivationScorer
{
    /// <summary>The scores by each of the aggregators.</summary>
    public static IReadOnlyList<ImportanceScores> Run(
        Decoder model, WindowSet windows, ScoreOptions options, IReadOnlyList<Aggregator> aggregators, IProgressReporter progress,
        CancellationToken stop)
    {
        using var collector = new ImportanceCollector(model.Config, options);
        Read(model, windows, options, collector.Batch, progress, stop);
        return [.. aggregators.Select(aggregator => collector.Result(aggregator, windows.SequenceLength))];
    }

    /// <summary>The pass itself, without gradients; each batch gets a tap of its own.</summary>
    internal static void Read(Decoder model, WindowSet windows, ScoreOptions options, Func<Tap> tap, IProgressReporter progress,
        CancellationToken stop)
    {
        using var noGrad = GradMode.Disable();
        using var task = progress.Begin("score", options.Samples, "samples");
        foreach (var batch in PackedText.Scored(windows, "importance").Batches(options.Samples, options.Batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence), tap());
            task.Advance(batch.Size);
        }
    }
}
