namespace Espalier.Models;

/// <summary>How a decoder normalises its residual stream.</summary>
public enum NormKind
{
    /// <summary>x / sqrt(mean(x²) + eps) · weight.</summary>
    RmsNorm,

    /// <summary>Layer norm with weight + 1 and bias (Nemotron): the checkpoint stores weight − 1.</summary>
    LayerNorm1p,

    /// <summary>RMSNorm with weight + 1 (Gemma): the checkpoint stores weight − 1.</summary>
    RmsNorm1p,

    /// <summary>Layer norm with weight and bias (StarCoder2, StableLM).</summary>
    LayerNorm,
}

/// <summary>What a feed-forward block computes between its projections.</summary>
public enum ActivationKind
{
    /// <summary>down(silu(gate(x)) · up(x)).</summary>
    SwiGlu,

    /// <summary>down(relu(up(x))²): no gate (Nemotron).</summary>
    SquaredRelu,

    /// <summary>down(gelu(gate(x)) · up(x)), with GELU in its tanh form (Gemma).</summary>
    GeGlu,

    /// <summary>down(gelu(up(x))), with GELU in its tanh form: no gate (StarCoder2).</summary>
    Gelu,

    /// <summary>
    /// down((u + 1) · g · sigmoid(1.702 · g)), with g the gate cut off above and u the up projection cut off on both sides at
    /// <see cref="LayerKind.ActivationLimit"/> (GPT-OSS).
    /// </summary>
    ClampedSwiGlu,
}

/// <summary>
/// Everything that a decoder-only transformer of these families needs, and nothing that pruning could break by deriving it:
/// <see cref="HeadDim"/> is a separate field and never hidden / heads.
/// </summary>
public sealed partial record DecoderConfig
{
    /// <summary>The family's name in <c>config.json</c> (<c>model_type</c>), such as <c>llama</c>.</summary>
    public required string Family { get; init; }

    /// <summary>V: rows of the embedding table.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D: width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>F: width of the feed-forward block; 0 where all layers are mixtures of experts and the family says no other.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>L: number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>N: query heads in each block.</summary>
    public required int QueryHeads { get; init; }

    /// <summary>K: key/value heads in each block; divides <see cref="QueryHeads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>H: entries of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Whether the head is the embedding table itself.</summary>
    public required bool TiedEmbeddings { get; init; }

    /// <summary>Longest position the model was made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Norm of the residual stream.</summary>
    public NormKind Norm { get; init; } = NormKind.RmsNorm;

    /// <summary>Epsilon inside the norm's square root.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>How each layer computes; all as Llama's unless said otherwise.</summary>
    public LayerKinds LayerKinds { get; init; } = LayerKinds.All(new());

    /// <summary>
    /// What the embedding is multiplied by before the first block: a number of the model's (Granite), or √D of its own width where
    /// <see cref="EmbeddingScalesByWidth"/>.
    /// </summary>
    public double EmbeddingScale { get => EmbeddingScalesByWidth ? Math.Sqrt(HiddenSize) : field; init; } = 1;

    /// <summary>
    /// Whether the embedding is multiplied by √D (Gemma): a model with fewer channels then has another scale, which its tables make up for.
    /// </summary>
    public bool EmbeddingScalesByWidth { get; init; }

    /// <summary>What each half of a block is multiplied by before it is added to the stream (Granite).</summary>
    public double ResidualScale { get; init; } = 1;

    /// <summary>What logits are divided by (Granite).</summary>
    public double LogitDivisor { get; init; } = 1;

    /// <summary>c in c · tanh(logit / c), which logits pass last (Gemma-2); null for none.</summary>
    public double? LogitCap { get; init; }

    /// <summary>E: experts of each layer that is a mixture of them (<see cref="LayerKind.HasExperts"/>); 0 for none.</summary>
    public int Experts { get; init; }

    /// <summary>How many of them a token goes to, those that the router gives the most.</summary>
    public int ExpertsPerToken { get; init; }

    /// <summary>X: width of an expert.</summary>
    public int ExpertIntermediateSize { get; init; }

    /// <summary>Y: width of the expert that every token goes to (<see cref="LayerKind.HasSharedExpert"/>); 0 for none.</summary>
    internal int SharedIntermediateSize { get; init; }

    /// <summary>
    /// Whether the weights of a token's experts add up to 1: the softmax is over them (Mixtral), and not over all experts.
    /// </summary>
    public bool NormalizesExpertWeights { get; init; }

    /// <summary>Bias of the router of each mixture of experts.</summary>
    internal bool RouterBias { get; init; }

    /// <summary>Biases of the projections of each expert.</summary>
    internal bool ExpertBias { get; init; }

    /// <summary>Sizes of the layers that are state-space mixers (<see cref="LayerKind.HasMamba"/>).</summary>
    internal MambaConfig Mamba { get; init; } = new();

    /// <summary>Sizes of the layers that are linear attention (<see cref="LayerKind.HasDelta"/>).</summary>
    internal DeltaConfig Delta { get; init; } = new();

    /// <summary>Rotary position embedding.</summary>
    public RotaryConfig Rotary { get; init; } = new();

    /// <summary>Biases of the q, k and v projections.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Bias of the attention's output projection.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Biases of the feed-forward projections.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Id that starts a document, if the config names one.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Ids that end a document; empty where the config names none.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];
}

/// <summary>Rotary position embedding: theta, the rotated part of a head, and the scaling of the frequencies.</summary>
public sealed record RotaryConfig
{
    /// <summary>Base of the frequencies.</summary>
    public double Theta { get; init; } = 10000.0;

    /// <summary>The first int(H · fraction) entries of a head are rotated; the rest pass through.</summary>
    public double Fraction { get; init; } = 1.0;

    /// <summary>Null for plain frequencies.</summary>
    public RotaryScaling? Scaling { get; init; }
}

/// <summary>How rotary frequencies are stretched for contexts longer than the ones trained on.</summary>
public abstract record RotaryScaling
{
    /// <summary>Every frequency divided by <paramref name="Factor"/>.</summary>
    public sealed record Linear(double Factor) : RotaryScaling;

    /// <summary>Llama 3.1: long wavelengths divided by the factor, short ones kept, a linear blend between.</summary>
    public sealed record Llama3(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions)
        : RotaryScaling;

    /// <summary>YaRN (arXiv 2309.00071): blended by rotation count, with cos and sin scaled by the attention factor.</summary>
    public sealed record Yarn(double Factor, double BetaFast, double BetaSlow, int OriginalMaxPositions, double AttentionFactor)
        : RotaryScaling
    {
        /// <summary>Whether the blend begins and ends at whole entries: rounded down and up.</summary>
        internal bool Truncates { get; init; } = true;
    }
}
