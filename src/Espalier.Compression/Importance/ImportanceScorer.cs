using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;

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

    /// <summary>Which value of a neuron is read.</summary>
    public NeuronValues Neurons { get; init; } = NeuronValues.Intermediate;

    /// <summary>Which value of an expert is read.</summary>
    internal ExpertValues Experts { get; init; } = ExpertValues.Output;

    /// <summary>Seed of scores by chance.</summary>
    public long Seed { get; init; }

    /// <summary>Widths of the contiguous spans to compute block influence for, in addition to single layers.</summary>
    public IReadOnlyList<int> SpanWidths { get; init; } = [];
}

/// <summary>Scores every prunable unit of a model on the first calibration windows.</summary>
internal static class ImportanceScorer
{
    /// <summary>Scores a model in its folder, by whichever method.</summary>
    /// <param name="checkpoint">The open model; loaded for compute in float32 where the method runs it.</param>
    /// <param name="windows">Calibration text; null where the method reads none.</param>
    /// <param name="options">What is scored, and on how much.</param>
    /// <param name="progress">Receives the samples, or the weights.</param>
    /// <exception cref="EspalierException">Fewer windows than samples, or a value that is not finite; the place is named.</exception>
    public static ImportanceScores Run(Checkpoint checkpoint, WindowSet? windows, ScoreOptions options, IProgressReporter progress,
        CancellationToken stop = default)
    {
        switch (options.Method)
        {
            case ScoreMethod.Magnitude:
                return MagnitudeScorer.Run(checkpoint, options.SpanWidths, progress, stop);
            case ScoreMethod.Random:
                return RandomScorer.Run(checkpoint.Config, options.SpanWidths, options.Seed);
            default:
                ArgumentNullException.ThrowIfNull(windows);
                Check(windows, options.Samples);
                using (var model = DecoderWeights.Load(checkpoint))
                    return Run(model, windows, options, progress, stop);
        }
    }

    /// <summary>Scores a loaded model by a method that runs it. Scores do not depend on how samples are batched, beyond rounding.</summary>
    /// <exception cref="EspalierException">Fewer windows than samples, or a value that is not finite; the place is named.</exception>
    public static ImportanceScores Run(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress,
        CancellationToken stop = default)
    {
        Check(windows, options.Samples);
        return options.Method switch
        {
            ScoreMethod.Activation => ActivationScorer.Run(model, windows, options, [options.Aggregator], progress, stop)[0],
            ScoreMethod.Redundancy => RedundancyScorer.Run(model, windows, options, progress, stop),
            ScoreMethod.Taylor => TaylorScorer.Run(model, windows, options, progress, stop),
            _ => throw new ArgumentException($"{options.Method} does not run the model", nameof(options)),
        };
    }

    /// <summary>Activation scores by several aggregators, such as <see cref="Aggregator.All"/>, out of one forward pass.</summary>
    /// <exception cref="EspalierException">Fewer windows than samples, or an activation that is not finite; the place is named.</exception>
    public static IReadOnlyList<ImportanceScores> Run(
        Decoder model, WindowSet windows, ScoreOptions options, IReadOnlyList<Aggregator> aggregators, IProgressReporter progress,
        CancellationToken stop = default)
    {
        Check(windows, options.Samples);
        return ActivationScorer.Run(model, windows, options, aggregators, progress, stop);
    }

    /// <summary>Refuses calibration that the windows cannot give; a recipe asks before it starts.</summary>
    internal static void Check(WindowSet windows, int samples) => Check(windows.Count, samples, windows.SequenceLength);

    /// <summary>The same, of windows that are only counted.</summary>
    /// <param name="samples">How many are requested.</param>
    /// <param name="sequence">Tokens of one.</param>
    /// <param name="key">Who asks, for the error; null where that is plain.</param>
    internal static void Check(long windows, int samples, int sequence, string? key = null)
    {
        if (samples < 1)
            throw new EspalierException($"samples is {samples}; it must be at least 1");
        if (windows < samples)
            throw new EspalierException(
                $"{(key is null ? "" : $"{key}: ")}{samples} calibration samples of {sequence + 1} ids were requested, but the text has "
                    + $"{windows}: give more text, or use fewer or shorter samples");
    }
}
