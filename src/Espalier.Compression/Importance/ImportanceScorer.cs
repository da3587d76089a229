using Espalier.Compression.Data;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

/// <summary>What is scored, and on how much.</summary>
public sealed record ScoreOptions
{
    /// <summary>Calibration samples (windows); the papers take 1024.</summary>
    public int Samples { get; init; } = 256;

    /// <summary>Samples of one forward pass; does not change the scores.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>How activations become scores.</summary>
    public Aggregator Aggregator { get; init; } = Aggregator.Default;

    /// <summary>Widths of the contiguous spans whose block influence is wanted, beside single layers.</summary>
    public IReadOnlyList<int> SpanWidths { get; init; } = [];
}

/// <summary>Scores every prunable unit of a model in one forward pass over the first calibration windows.</summary>
public static class ImportanceScorer
{
    /// <summary>Runs the pass. Scores do not depend on how samples are batched, beyond rounding.</summary>
    /// <exception cref="EspalierException">Fewer windows than samples, or a non-finite activation (the layer is named).</exception>
    public static ImportanceScores Run(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress, CancellationToken stop = default)
    {
        Check(windows, options.Samples);
        using var collector = new ImportanceCollector(model.Config, options.Aggregator, options.SpanWidths);
        using var noGrad = GradMode.Disable();
        using var task = progress.Begin("score", options.Samples, "samples");
        var sequence = windows.SequenceLength;
        foreach (var ids in Batches(windows, options))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            var size = ids.Length / sequence;
            model.Forward(Tensor.From<long>(ids, size, sequence), collector.Batch());
            task.Advance(size);
        }
        return collector.Result(sequence);
    }

    /// <summary>The ids of the first samples, batch by batch.</summary>
    internal static IEnumerable<long[]> Batches(WindowSet windows, ScoreOptions options)
    {
        var sequence = windows.SequenceLength;
        var targets = new long[sequence];
        for (var done = 0; done < options.Samples;)
        {
            var size = Math.Min(options.Batch, options.Samples - done);
            var inputs = new long[size * sequence];
            for (var i = 0; i < size; i++)
                windows.Read(done + i, inputs.AsSpan(i * sequence, sequence), targets);
            yield return inputs;
            done += size;
        }
    }

    /// <summary>Refuses calibration that the windows cannot give; a recipe asks before it starts.</summary>
    internal static void Check(WindowSet windows, int samples)
    {
        if (samples < 1)
            throw new EspalierException($"samples is {samples} and must be at least 1");
        if (windows.Count < samples)
            throw new EspalierException(
                $"{samples} calibration samples of {windows.SequenceLength + 1} ids were asked for and the text has {windows.Count}: give more text, fewer samples or shorter ones");
    }
}
