using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Compression.Runs;
using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands.Shared;

/// <summary>How a model is scored: the first windows of the text or the ids, one sample each, and how activations become scores.</summary>
internal sealed class CalibrationInput
{
    private const int DefaultSeq = 256;

    private readonly CountOption samples = new("--samples", "Calibration samples: the first N windows, none overlapping", 256);
    private readonly CountOption seq = new("--seq", $"Tokens of a sample; by default the model's positions, at most {DefaultSeq}");
    private readonly CountOption batch = new("--batch", "Samples of one forward pass; changes nothing but speed and memory", 8, most: 1024);
    private readonly ChoiceOption<Aggregation> overBatch = Aggregator("--batch-aggregation", "samples", Compression.Importance.Aggregator.Default.Batch);
    private readonly ChoiceOption<Aggregation> overSequence = Aggregator("--sequence-aggregation", "the positions of a sample", Compression.Importance.Aggregator.Default.Sequence);

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[samples, seq, batch, overBatch, overSequence])
            command.Options.Add(option);
    }

    /// <summary>Scores a model. libtorch is started before.</summary>
    /// <param name="run">The command's values and progress.</param>
    /// <param name="checkpoint">The model, its weights known to be finite.</param>
    /// <param name="input">Text or ids.</param>
    /// <param name="spans">Widths of the spans of layers whose block influence is wanted.</param>
    internal ImportanceScores Score(CommandRun run, Checkpoint checkpoint, TokenInput input, IReadOnlyList<int> spans)
    {
        var config = checkpoint.Config;
        if (run.Get(seq) > config.MaxPositions)
            throw new EspalierException($"--seq is {run.Get(seq)} and the model has {config.MaxPositions} positions (max_position_embeddings): give at most that");
        using var source = input.Open(run, checkpoint);
        var windows = new WindowSet(source.Tokens, run.Get(seq) ?? Math.Min(DefaultSeq, config.MaxPositions));
        var options = new ScoreOptions
        {
            Samples = run.Get(samples)!.Value,
            Batch = run.Get(batch)!.Value,
            Aggregator = new(run.Get(overBatch)!.Value, run.Get(overSequence)!.Value),
            SpanWidths = spans,
        };
        using var decoder = DecoderWeights.Load(checkpoint);
        var scores = ImportanceScorer.Run(decoder, windows, options, run.Progress, run.Cancellation);
        return scores with
        {
            Teacher = Compression.Runs.ContentHash.OfFolder(checkpoint.Folder),
            Calibration = HashOf(source.Tokens, (windows.SequenceLength + 1L) * options.Samples),
        };
    }

    /// <summary>SHA-256 of the ids that were read, as little-endian int32: the same for a text and for its ids.</summary>
    internal static string HashOf(ITokens tokens, long count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var ids = new int[Math.Min(count, 1 << 16)];
        for (var position = 0L; position < count; position += ids.Length)
        {
            var part = ids.AsSpan(0, (int)Math.Min(ids.Length, count - position));
            tokens.Read(position, part);
            hash.AppendData(MemoryMarshal.AsBytes(part));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static ChoiceOption<Aggregation> Aggregator(string name, string over, Aggregation byDefault) => new(
        name, $"How values over {over} become one", byDefault,
        ("l2", Aggregation.L2), ("mean", Aggregation.Mean), ("variance", Aggregation.Variance));
}
