using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;
using Espalier.Models.Streaming;

namespace Espalier.Compression.Importance.Streaming;

/// <summary>
/// How scoring gets by with the memory there is: the model loaded, or read layer by layer; residual streams in memory, or on the disk. The
/// scores are the same bits.
/// </summary>
/// <param name="Bytes">What scoring may take.</param>
/// <param name="Streams">Whether the model is read layer by layer.</param>
internal sealed record ScoringMemory(long Bytes, bool Streams)
{
    // The rest is for activations, for the tokenizer, and for others.
    private const double ShareOfFree = 0.6;

    // Half is for a block's weights, once as they are read and once as tensors, and for activations.
    private const double ShareOfStreams = 0.5;

    /// <summary>Chooses for a model: it is loaded where its float32 weights fit.</summary>
    /// <param name="bytes">What scoring may take; null is 60 % of the memory that is free.</param>
    /// <param name="stream">Whether to read layer by layer in any case.</param>
    public static ScoringMemory For(DecoderConfig model, long? bytes = null, bool stream = false)
    {
        var may = bytes ?? (MemoryInfo.Read() is { Available: > 0 } memory ? (long)(ShareOfFree * memory.Available) : long.MaxValue);
        return new(may, stream || WeightBytes(model) > may);
    }

    /// <summary>Scores a model; says how, where it is not loaded.</summary>
    /// <param name="checkpoint">The open model. Where it is streamed, its weights need not be known to be finite.</param>
    /// <param name="windows">Calibration windows; null where the method reads none.</param>
    /// <param name="folder">Where residual streams go that do not fit; nothing stays there.</param>
    /// <param name="progress">Receives the work, and the choice.</param>
    /// <param name="stop">Stops between two batches.</param>
    /// <exception cref="EspalierException">A method that needs the whole model, which does not fit.</exception>
    public ImportanceScores Score(Checkpoint checkpoint, WindowSet? windows, ScoreOptions options, string folder,
        IProgressReporter progress, CancellationToken stop = default)
    {
        if (!options.Method.ReadsText())
            return ImportanceScorer.Run(checkpoint, null, options, progress, stop);
        ArgumentNullException.ThrowIfNull(windows);
        return Score(checkpoint, windows, options, [options.Aggregator], folder, progress, stop)[0];
    }

    /// <summary>Scores a model by several aggregators in one pass.</summary>
    /// <inheritdoc cref="Score(Checkpoint, WindowSet, ScoreOptions, string, IProgressReporter, CancellationToken)"/>
    public IReadOnlyList<ImportanceScores> Score(
        Checkpoint checkpoint, WindowSet windows, ScoreOptions options, IReadOnlyList<Aggregator> aggregators, string folder,
        IProgressReporter progress, CancellationToken stop = default)
    {
        if (!Streams)
        {
            using var loaded = DecoderWeights.Load(checkpoint);
            return options.Method == ScoreMethod.Activation
                ? ImportanceScorer.Run(loaded, windows, options, aggregators, progress, stop)
                : [ImportanceScorer.Run(loaded, windows, options, progress, stop)];
        }
        if (options.Method != ScoreMethod.Activation)
            throw new EspalierException(
                $"method {options.Method.ToString().ToLowerInvariant()} needs the whole model: its weights take "
                    + $"{Units.Memory(WeightBytes(checkpoint.Config))} in float32, but scoring may use {Units.Memory(Bytes)}; "
                + "activation and magnitude read it in pieces");
        using var model = new StreamedDecoder(checkpoint);
        var (budget, streams) = ((long)(ShareOfStreams * Bytes), StreamedScorer.StreamBytes(model.Config, windows, options));
        progress.Note(
            $"scoring layer by layer: the weights take {Units.Memory(WeightBytes(model.Config))} "
                + $"in float32 but scoring may use {Units.Memory(Bytes)}"
            + (streams > budget ? $"; residual streams of {Units.Memory(streams)} go to {folder}" : ""));
        return StreamedScorer.Run(model, windows, options, aggregators, budget, folder, progress, stop);
    }

    private static double WeightBytes(DecoderConfig model) => 4.0 * model.Parameters;
}
