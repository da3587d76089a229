namespace Espalier.Compression.Importance;

/// <summary>
/// Importance of every prunable unit of a model, with where it comes from: plain data with a JSON form. Higher is more important;
/// block influence too (a layer with little influence can go).
/// </summary>
public sealed record ImportanceScores
{
    /// <summary>Version of the JSON form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Batch aggregation: l2, mean or variance.</summary>
    public required string Batch { get; init; }

    /// <summary>Sequence aggregation: l2, mean or variance.</summary>
    public required string Sequence { get; init; }

    /// <summary>Calibration samples.</summary>
    public required long Samples { get; init; }

    /// <summary>Positions of a sample.</summary>
    public required int SampleLength { get; init; }

    /// <summary>SHA-256 of the teacher's folder, or empty where it is not known.</summary>
    public string Teacher { get; init; } = "";

    /// <summary>SHA-256 of the calibration ids, or empty where it is not known.</summary>
    public string Calibration { get; init; } = "";

    /// <summary>[layer][neuron]: input of the down projection.</summary>
    public required double[][] Neurons { get; init; }

    /// <summary>[layer][head]: L2 norm of the head's attention output before the output projection.</summary>
    public required double[][] Heads { get; init; }

    /// <summary>[norm][channel]: outputs of the norms, two a layer and the final one.</summary>
    public required double[][] ChannelsPerNorm { get; init; }

    /// <summary>[channel]: the sum over the norms, which ranks the whole network's channels.</summary>
    public required double[] Channels { get; init; }

    /// <summary>Block influence of contiguous spans: width to [first layer], 1 − mean cosine(stream before, stream after).</summary>
    public required IReadOnlyDictionary<int, double[]> BlockInfluence { get; init; }
}
