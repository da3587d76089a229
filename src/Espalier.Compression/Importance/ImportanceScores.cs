using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

/// <summary>
/// Importance of every prunable unit of a model, with where it comes from: plain data with a JSON form. Higher is more important;
/// block influence too (a layer with little influence can go).
/// </summary>
public sealed record ImportanceScores
{
    /// <summary>Version of the JSON form.</summary>
    public int Version { get; init; } = ScoresFile.Newest;

    /// <summary>What the scores were read from.</summary>
    public ScoreMethod Method { get; init; } = ScoreMethod.Activation;

    /// <summary>Batch aggregation: l2, mean or variance; empty where no activations were read.</summary>
    public string Batch { get; init; } = "";

    /// <summary>Sequence aggregation: l2, mean or variance; empty where no activations were read.</summary>
    public string Sequence { get; init; } = "";

    /// <summary>Which value of a neuron was read; without a meaning where no activations were.</summary>
    public NeuronValues NeuronValues { get; init; } = NeuronValues.Intermediate;

    /// <summary>Which value of an expert was read; meaningless if there are no experts or no activations were read.</summary>
    internal ExpertValues ExpertValues { get; init; } = ExpertValues.Output;

    /// <summary>Seed of scores by chance; without a meaning elsewhere.</summary>
    public long Seed { get; init; }

    /// <summary>Calibration samples; 0 where no text was read.</summary>
    public long Samples { get; init; }

    /// <summary>Positions of a sample; 0 where no text was read.</summary>
    public int SampleLength { get; init; }

    /// <summary>
    /// The teacher's <see cref="Models.Checkpoints.ModelFingerprint"/>, or empty where it is not known. Up to version 2 the SHA-256 of its
    /// folder.
    /// </summary>
    public string Teacher { get; init; } = "";

    /// <summary>
    /// SHA-256 of the calibration ids that were read, as <see cref="CalibrationHash"/> makes it; empty where it is not known or no text was
    /// read.
    /// </summary>
    public string Calibration { get; init; } = "";

    /// <summary>
    /// Of each axis in <see cref="Axis.Scored"/> [layer][unit], or [0][unit] where the units are the whole network's. Of activations, a
    /// head's is the L2 norm of its output before the output projection, and a channel's the sum over the norms.
    /// </summary>
    public required PerAxis<double[][]> Units { get; init; }

    /// <summary>[norm][channel]: outputs of the norms, two a layer and the final one; empty where no activations were read.</summary>
    public double[][] ChannelsPerNorm { get; init; } = [];

    /// <summary>
    /// Contiguous spans: width to [first layer]. Of activations the block influence, 1 − mean cosine(stream before, stream after); else
    /// what the weights of the span's blocks add up to.
    /// </summary>
    public required IReadOnlyDictionary<int, double[]> BlockInfluence { get; init; }

    /// <summary>How the router sent tokens to the experts; null if there are none or no activations were read.</summary>
    internal ExpertRouting? Routing { get; init; }

    /// <summary>Layers of the model that was scored.</summary>
    public int Layers => (Units[Axis.Heads] ?? Units[Axis.MambaHeads] ?? Units[Axis.DeltaHeads])?.Length ?? 0;

    /// <summary>Whether <see cref="Teacher"/> is the hash of a folder, as versions 1 and 2 have it.</summary>
    public bool NamesFolder => Version < 3;

    /// <summary>How the units were scored, for people: "importance (l2, mean)", "taylor", "weight magnitude".</summary>
    public string How => Method switch
    {
        ScoreMethod.Taylor => "taylor",
        ScoreMethod.Magnitude => "weight magnitude",
        ScoreMethod.Redundancy => $"redundancy ({Batch}, {Sequence})",
        ScoreMethod.Random => $"random, seed {Seed}",
        _ => $"importance ({Batch}, {Sequence})",
    };
}
