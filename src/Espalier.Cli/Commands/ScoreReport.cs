using System.Globalization;
using Espalier.Compression.Importance;

namespace Espalier.Cli.Commands;

/// <summary>What <c>score --json</c> prints. Higher is more important, on every axis.</summary>
internal sealed record ScoreReport
{
    /// <summary>The model's folder.</summary>
    public required string Model { get; init; }

    /// <summary>Aggregation over the samples: l2, mean or variance.</summary>
    public required string BatchAggregation { get; init; }

    /// <summary>Aggregation over the positions of a sample: l2, mean or variance.</summary>
    public required string SequenceAggregation { get; init; }

    /// <summary>Calibration samples.</summary>
    public required long Samples { get; init; }

    /// <summary>Tokens of a sample.</summary>
    public required int Seq { get; init; }

    /// <summary>SHA-256 of the model's folder.</summary>
    public required string Teacher { get; init; }

    /// <summary>SHA-256 of the calibration ids as little-endian int32.</summary>
    public required string Calibration { get; init; }

    /// <summary>The scores.</summary>
    public required ScoreAxes Axes { get; init; }

    /// <summary>The file that was written, where one was asked for.</summary>
    public string? Output { get; init; }

    internal static ScoreReport Of(ImportanceScores scores, string model, string? output) => new()
    {
        Model = model,
        BatchAggregation = scores.Batch,
        SequenceAggregation = scores.Sequence,
        Samples = scores.Samples,
        Seq = scores.SampleLength,
        Teacher = scores.Teacher,
        Calibration = scores.Calibration,
        Axes = new(
            new(scores.Neurons),
            new(scores.Heads),
            new(scores.Channels, scores.ChannelsPerNorm),
            new(scores.BlockInfluence[1], scores.BlockInfluence.OrderBy(pair => pair.Key)
                .ToDictionary(pair => pair.Key.ToString(CultureInfo.InvariantCulture), pair => pair.Value))),
        Output = output,
    };
}

/// <summary>The axes of pruning.</summary>
/// <param name="Neurons">Of the feed-forward blocks.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="Channels">Of the residual stream.</param>
/// <param name="Layers">Blocks, by block influence.</param>
internal sealed record ScoreAxes(LayerAxis Neurons, LayerAxis Heads, ChannelAxis Channels, DepthAxis Layers);

/// <summary>An axis that is ranked inside each layer.</summary>
/// <param name="PerLayer">[layer][unit].</param>
internal sealed record LayerAxis(double[][] PerLayer);

/// <summary>The axis that is ranked once for the whole network.</summary>
/// <param name="Network">[channel]: the sum over the norms.</param>
/// <param name="PerNorm">[norm][channel]: two norms a layer, and the final one.</param>
internal sealed record ChannelAxis(double[] Network, double[][] PerNorm);

/// <summary>Block influence: 1 - mean cosine of the stream before and after.</summary>
/// <param name="Network">[layer]: of single layers.</param>
/// <param name="Spans">Width to [first layer], for each width that was asked for.</param>
internal sealed record DepthAxis(double[] Network, IReadOnlyDictionary<string, double[]> Spans);
