using Espalier.Compression.Data;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

/// <summary>What is scored, and on how much.</summary>
public sealed record ScoreOptions
{
    /// <summary>Calibration samples (windows); the papers take 1024.</summary>
    public int Samples { get; init; } = 256;

    /// <summary>Samples of one forward pass; does not change the scores.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>What importance is read from.</summary>
    public ScoreMethod Method { get; init; } = ScoreMethod.Activation;

    /// <summary>How activations become scores.</summary>
    public Aggregator Aggregator { get; init; } = Aggregator.Default;

    /// <summary>Which value of a neuron is read; null is what suits the model, <see cref="NeuronValuesOf.Default"/>.</summary>
    public NeuronValues? Neurons { get; init; }

    /// <summary>Widths of the contiguous spans whose block influence is wanted, beside single layers.</summary>
    public IReadOnlyList<int> SpanWidths { get; init; } = [];
}

/// <summary>Scores every prunable unit of a model on the first calibration windows.</summary>
public static class ImportanceScorer
{
    /// <summary>Scores a model in its folder, by whichever method.</summary>
    /// <param name="checkpoint">The open model; loaded for compute in float32 where the method runs it.</param>
    /// <param name="windows">Calibration text; null where the method reads none.</param>
    /// <param name="options">What is scored, and on how much.</param>
    /// <param name="progress">Told of the samples, or of the weights.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="EspalierException">Fewer windows than samples.</exception>
    public static ImportanceScores Run(Checkpoint checkpoint, WindowSet? windows, ScoreOptions options, IProgressReporter progress, CancellationToken stop = default)
    {
        if (options.Method == ScoreMethod.Magnitude)
            return MagnitudeScorer.Run(checkpoint, options.SpanWidths, progress, stop);
        ArgumentNullException.ThrowIfNull(windows);
        Check(windows, options.Samples);
        using var model = DecoderWeights.Load(checkpoint);
        return Run(model, windows, options, progress, stop);
    }

    /// <summary>Scores a loaded model by activations or by Taylor. Scores do not depend on how samples are batched, beyond rounding.</summary>
    /// <exception cref="EspalierException">Fewer windows than samples.</exception>
    public static ImportanceScores Run(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress, CancellationToken stop = default)
    {
        Check(windows, options.Samples);
        return options.Method switch
        {
            ScoreMethod.Activation => ByActivations(model, windows, options, progress, stop),
            ScoreMethod.Taylor => TaylorScorer.Run(model, windows, options, progress, stop),
            _ => throw new ArgumentException($"{options.Method} scores a checkpoint", nameof(options)),
        };
    }

    private static ImportanceScores ByActivations(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress, CancellationToken stop)
    {
        using var collector = new ImportanceCollector(model.Config, options);
        using var noGrad = GradMode.Disable();
        using var task = progress.Begin("score", options.Samples, "samples");
        foreach (var batch in CalibrationBatches.Of(windows, options))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence), collector.Record);
            task.Advance(batch.Size);
        }
        return collector.Result(windows.SequenceLength);
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
