using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Streaming;

namespace Espalier.Compression.Importance.Streaming;

// Shapes: B batch, T time, D model width.

/// <summary>
/// The pass of <see cref="ImportanceScorer"/> layer by layer over a model that is not loaded: block i is read, all batches pass through it,
/// and it is dropped before block i + 1 is read. Each weight is read once. The scores have the same bits, since every sum sees the same
/// batches in the same order.
/// </summary>
internal static class StreamedScorer
{
    /// <summary>
    /// Runs the pass, once for all aggregators. Each batch's residual stream is kept between layers, and as many earlier ones as the
    /// widest span needs: in memory, or on the disk.
    /// </summary>
    /// <param name="memory">
    /// Bytes of residual streams that may be in memory (<see cref="StreamBytes"/>); above that all of them are in a file.
    /// </param>
    /// <param name="folder">Where that file is made; it is gone when the pass ends, however it ends.</param>
    /// <param name="progress">Receives the samples that each layer has seen.</param>
    /// <param name="stop">Stops between two batches.</param>
    /// <exception cref="EspalierException">
    /// Fewer windows than samples, a weight that is not finite (named), or no room in the folder.
    /// </exception>
    public static IReadOnlyList<ImportanceScores> Run(
        StreamedDecoder model, WindowSet windows, ScoreOptions options, IReadOnlyList<Aggregator> aggregators, long memory, string folder,
        IProgressReporter progress,
        CancellationToken stop = default)
    {
        ImportanceScorer.Check(windows, options.Samples);
        using var collector = new ImportanceCollector(model.Config, options);
        var (layers, sequence) = (model.Config.Layers, windows.SequenceLength);
        long[][] batches = [.. PackedText.Scored(windows, "importance").Batches(options.Samples, options.Batch)
            .Select(batch => batch.Inputs)];
        using var spill = StreamBytes(model.Config, windows, options) > memory
            ? FileFor(model, sequence, options, collector.WidestSpan, batches.Length, folder) : null;
        var histories =
            batches.Select((ids, batch) =>
                HistoryOf(model, spill, batch, collector.WidestSpan, [ids.Length / sequence, sequence, model.Config.HiddenSize])).ToArray();
        Tap[] taps = [.. histories.Select(collector.Batch)];
        using var task = progress.Begin("score", (long)options.Samples * layers, "sample layers");
        foreach (var (history, x_BTD) in histories.Zip(model.Embed(batches, sequence)))
            using (x_BTD)
                history.Add(0, x_BTD);
        for (var layer = 0; layer < layers; layer++)
        {
            stop.ThrowIfCancellationRequested();
            using var block = model.Block(layer);
            for (var batch = 0; batch < batches.Length; batch++)
            {
                Pass(block, layer, batch);
                task.Advance(batches[batch].Length / sequence);
            }
        }
        using var norm = model.FinalNorm();
        for (var batch = 0; batch < batches.Length; batch++)
            Pass(norm, layers, batch);
        return [.. aggregators.Select(aggregator => collector.Result(aggregator, sequence))];

        // What comes out of a block is taken by its tap.
        void Pass(StreamedPart part, int below, int batch)
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            part.Forward(histories[batch].After(below), taps[batch]);
        }
    }

    /// <summary>
    /// Bytes of the residual streams of all samples that are kept between two layers: samples · positions · width · 4, times the layers of
    /// the widest span.
    /// </summary>
    public static double StreamBytes(DecoderConfig model, WindowSet windows, ScoreOptions options) =>
        4.0 * options.Samples * windows.SequenceLength * model.HiddenSize * options.SpanWidths.Append(1).Max();

    private static StreamHistory HistoryOf(StreamedDecoder model, SpillFile? spill, long batch, int widest, long[] shape) => spill is null
        ? new LiveStreams(model.Config.Layers, widest)
        : new SpilledStreams(spill, batch * widest, widest, shape, model.DType);

    private static SpillFile FileFor(StreamedDecoder model, int sequence, ScoreOptions options, int widest, long batches, string folder)
    {
        var slot = (long)Math.Min(options.Batch, options.Samples) * sequence * model.Config.HiddenSize
            * (model.DType == DType.Float64 ? 8 : 4);
        return slot <= Array.MaxLength
            ? new(folder, (int)slot, batches * widest)
            : throw new EspalierException(
                $"a batch of {options.Batch} samples of {sequence} positions takes {slot} bytes and "
                    + $"at most {Array.MaxLength} go to the disk at once: give a smaller batch");
    }
}
