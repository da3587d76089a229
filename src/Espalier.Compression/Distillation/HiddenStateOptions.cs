namespace Espalier.Compression.Distillation;

/// <summary>How hidden states are compared.</summary>
public enum HiddenDistance
{
    /// <summary>Mean over channels of the squared difference.</summary>
    Mse,

    /// <summary>1 − cosine.</summary>
    Cosine,
}

/// <summary>
/// Which hidden states are compared, all of them after a norm but the embedding: L_is = L_emb + L_att + L_i + L_o (Minitron, arXiv
/// 2407.14679, section 3).
/// </summary>
public sealed record HiddenStateOptions
{
    /// <summary>Outputs of the norm before attention, which are the normed outputs of the layers before.</summary>
    public IReadOnlyList<LayerPair> Layers { get; init; } = [];

    /// <summary>Outputs of the norm after attention.</summary>
    public IReadOnlyList<LayerPair> Attention { get; init; } = [];

    /// <summary>Output of the embedding.</summary>
    public bool Embedding { get; init; }

    /// <summary>Output of the last norm.</summary>
    public bool Final { get; init; }

    /// <summary>How they are compared.</summary>
    public HiddenDistance Distance { get; init; } = HiddenDistance.Mse;

    /// <summary>
    /// What the sum is multiplied by; null is α = L_logits / L_is, computed anew in every pass and a constant for the gradient.
    /// </summary>
    public double? Weight { get; init; }

    /// <summary>Whether anything is compared.</summary>
    public bool IsEmpty => Layers.Count == 0 && Attention.Count == 0 && !Embedding && !Final;
}
