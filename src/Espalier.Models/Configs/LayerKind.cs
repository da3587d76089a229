namespace Espalier.Models;

/// <summary>Where a block normalises.</summary>
public enum NormPlacement
{
    /// <summary>What attention and the feed-forward block read (Llama).</summary>
    Before,

    /// <summary>What they give, before it is added to the stream (OLMo-2).</summary>
    After,

    /// <summary>Both (Gemma-2).</summary>
    Both,
}

/// <summary>RMSNorm of queries and keys, before the rotation.</summary>
public enum HeadNormKind
{
    /// <summary>None.</summary>
    None,

    /// <summary>Each head separately, all with the same weights, [H] (Qwen3).</summary>
    EachHead,

    /// <summary>All heads of a position as one vector, [N · H] and [K · H] (OLMo-2).</summary>
    AllHeads,
}

/// <summary>
/// How one layer computes: what may differ from layer to layer and is no size. The sizes are those of the config, the same in all layers.
/// </summary>
public sealed record LayerKind
{
    /// <summary>Whether the layer has attention; one without it has no such half.</summary>
    public bool HasAttention { get; init; } = true;

    /// <summary>Whether the layer has a state-space mixer (Mamba-2) instead of attention.</summary>
    public bool HasMamba { get; init; }

    /// <summary>Whether the layer has linear attention by the gated delta rule instead of attention.</summary>
    public bool HasDelta { get; init; }

    /// <summary>
    /// Whether what attention gives is multiplied by the sigmoid of a gate, which the token has for each entry of each query head.
    /// </summary>
    public bool HasAttentionGate { get; init; }

    /// <summary>Whether the layer has a feed-forward block, or a mixture of experts; one without it is its first half alone.</summary>
    public bool HasFeedForward { get; init; } = true;

    /// <summary>Where the block normalises.</summary>
    public NormPlacement Norms { get; init; }

    /// <summary>Feed-forward activation, which says whether there is a gate.</summary>
    public ActivationKind Activation { get; init; } = ActivationKind.SwiGlu;

    /// <summary>Where <see cref="ActivationKind.ClampedSwiGlu"/> cuts off what it reads; other activations cut off nothing.</summary>
    internal double ActivationLimit { get; init; } = 7;

    /// <summary>RMSNorm of queries and keys.</summary>
    public HeadNormKind HeadNorms { get; init; }

    /// <summary>Whether queries and keys have rotary position embeddings.</summary>
    public bool IsRotary { get; init; } = true;

    /// <summary>The layer's own rotary embedding if it differs from the model's (Gemma-3); null is the model's.</summary>
    public RotaryConfig? Rotary { get; init; }

    /// <summary>Attention reaches back this many positions, its own included; null is full causal attention.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>What scores of attention are multiplied by; null is 1 / sqrt(head_dim).</summary>
    public double? AttentionScale { get; init; }

    /// <summary>c in c · tanh(score / c), which scores pass before the softmax; null for none.</summary>
    public double? ScoreCap { get; init; }

    /// <summary>
    /// Whether each query head has a logit of its own that takes part in the softmax of its scores, and whose probability is dropped.
    /// </summary>
    internal bool HasSinks { get; init; }

    /// <summary>
    /// Whether the feed-forward block is a mixture of experts (<see cref="DecoderConfig.Experts"/>), of which each token goes to a few.
    /// </summary>
    public bool HasExperts { get; init; }

    /// <summary>
    /// Whether every token goes to one expert more, whose weight is a sigmoid of its own (<see
    /// cref="DecoderConfig.SharedIntermediateSize"/>), beside those that the router gives it to.
    /// </summary>
    public bool HasSharedExpert { get; init; }

    /// <summary>Whether the feed-forward block, or each of its experts, has a gate.</summary>
    public bool HasGate => Activation is not (ActivationKind.SquaredRelu or ActivationKind.Gelu);

    /// <summary>Whether it has a feed-forward block other than a mixture of experts.</summary>
    internal bool IsDense => HasFeedForward && !HasExperts;

    /// <summary>Whether it is no mixture of experts and has a gate.</summary>
    internal bool HasDenseGate => HasGate && IsDense;

    /// <summary>Whether it has a half that mixes positions: attention, linear attention, or a state-space mixer.</summary>
    internal bool HasMixer => HasAttention || HasMamba || HasDelta;

    /// <summary>Whether it has a recurrent state of fixed size, which cannot branch.</summary>
    internal bool HasState => HasMamba || HasDelta;

    /// <summary>Whether it has one half alone, and so one norm (Nemotron-H).</summary>
    internal bool IsHalf => !(HasMixer && HasFeedForward);

    /// <summary>Whether layers of its model differ in what they cost: it is one half alone, or linear attention.</summary>
    internal bool IsOfHybrid => IsHalf || HasDelta;

    /// <summary>Whether attention and the feed-forward block read a norm of the stream, and not the stream.</summary>
    public bool HasNormsBefore => Norms != NormPlacement.After;

    /// <summary>Whether what they give is normed before it is added.</summary>
    public bool HasNormsAfter => Norms != NormPlacement.Before;
}
