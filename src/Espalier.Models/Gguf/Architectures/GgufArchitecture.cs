using Espalier.Models.Families;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// An architecture of llama.cpp: the families that it runs, what it can express of them, its metadata keys, and its names of the
/// parameters. A new one is a copy of a sibling's file, added to <see cref="GgufArchitectures"/>.
/// </summary>
/// <param name="name"><c>general.architecture</c>, which every key of the shape begins with.</param>
/// <param name="families">The families that it runs, by <c>model_type</c>; none for the one of its name alone.</param>
internal abstract class GgufArchitecture(string name, params string[] families)
{
    public string Name => name;

    public IReadOnlyList<string> Families { get; } = families is [] ? [name] : families;

    /// <summary>
    /// llama.cpp's name of each parameter; what has no row here is refused. Fused tensors are written as in a family's table.
    /// </summary>
    public abstract ParameterTable Table { get; }

    /// <summary>Whether queries and keys turn with their position; one that has none of it has no keys for it.</summary>
    public virtual bool HasRotary => true;

    /// <summary>Whether a layer may be one half alone; sizes that layers may lack are lists then, an entry a layer.</summary>
    public virtual bool HasHalves => false;

    /// <summary>Whether it rotates neighbours, so that rows of query and key projections are reordered (<see cref="HeadOrder"/>).</summary>
    public virtual bool TurnsNeighbours => false;

    /// <summary>Whether the rows of a parameter are reordered for that.</summary>
    public bool Turns(ParameterRole role) => TurnsNeighbours
        && role is ParameterRole.QueryProjection or ParameterRole.KeyProjection or ParameterRole.QueryProjectionBias
            or ParameterRole.KeyProjectionBias;

    /// <summary>Whether the value heads of linear attention stand in another order there (<see cref="ValueHeadOrder"/>).</summary>
    public virtual bool TilesValueHeads => false;

    /// <summary>Whether it wants a head of its own where the embedding serves as one.</summary>
    public virtual bool WantsHead => false;

    /// <summary>Whether it reads <see cref="RotaryFactors"/>.</summary>
    public virtual bool ReadsRotaryFactors => false;

    /// <summary>Whether it has keys alone for YaRN, whose blend it begins and ends at whole pairs, whatever the model has.</summary>
    public virtual bool RoundsYarn => false;

    /// <summary>Whether it reads <see cref="LongFactors"/>.</summary>
    protected virtual bool ReadsLongFactors => false;

    protected virtual NormKind Norm => NormKind.RmsNorm;

    /// <summary>How it computes a layer, apart from what <see cref="WithoutKeys"/> takes away.</summary>
    protected virtual LayerKind Layer { get; } = new();

    /// <summary>Whether the weights of a token's experts add up to 1.</summary>
    protected virtual bool NormalizesExpertWeights => false;

    /// <summary>Whether a part of each head may stay unturned.</summary>
    protected virtual bool TurnsPartly => false;

    /// <summary>Whether queries must be as wide as the model: the shapes of its attention are taken from the width.</summary>
    protected virtual bool WantsFullWidth => false;

    /// <summary>A layer without what the architecture has keys for. A window is none: one that is no key shortens the context.</summary>
    protected virtual LayerKind WithoutKeys(LayerKind kind) => kind with { SlidingWindow = null };

    /// <summary>What else it cannot say of a model; null where it can.</summary>
    protected virtual string? OwnObjection(DecoderConfig config) => null;

    /// <summary>The longest text for which the file says the same as the model.</summary>
    protected virtual int ContextLength(DecoderConfig config) =>
        Math.Min(config.MaxPositions, config.LayerKinds.Min(kind => kind.SlidingWindow ?? int.MaxValue));

    /// <summary>What a file of it says less of than the model, a sentence each.</summary>
    public IEnumerable<string> Notes(DecoderConfig config)
    {
        if (ContextLength(config) is var length && length < config.MaxPositions)
            yield return $"llama.cpp's architecture {Name} has no sliding window: the file's context is {length} tokens, the window, "
                + $"instead of the model's {config.MaxPositions}";
        foreach (var note in OwnNotes(config))
            yield return note;
    }

    /// <summary>What else a file of it says less of than the model, a sentence each.</summary>
    protected virtual IEnumerable<string> OwnNotes(DecoderConfig config) => [];

    /// <summary>The keys that are this architecture's own; <paramref name="add"/> puts its name before each.</summary>
    protected virtual void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }

    /// <summary>Of these the sizes of axes, in the order of the file, where <c>config.json</c> calls them what most families do.</summary>
    protected virtual IReadOnlyList<(string Key, Axis Axis)> OwnSizes => [];

    /// <summary>The way back: the fields of <c>config.json</c> that this architecture's own keys say, in its family's terms.</summary>
    public virtual void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        if (Layer.HasExperts)
        {
            fields[Axis.Experts.Field] = keys.Required("expert_count");
            fields["num_experts_per_tok"] = keys.Required("expert_used_count");
            fields["norm_topk_prob"] = NormalizesExpertWeights;
        }
        foreach (var (key, axis) in OwnSizes)
            fields[axis.Field] = keys.Required(key);
    }

    /// <summary>Whether a file that has its name is of it.</summary>
    public virtual bool Reads(GgufKeys keys) => true;

    /// <summary>The family that a file of this architecture is read as.</summary>
    public virtual string FamilyOf(GgufFile file) => Families[0];

    /// <summary>What is added to every weight of a parameter: 1 for norms that the checkpoint stores less one.</summary>
    public virtual float Shift(ParameterRole role) => 0;

    /// <summary>
    /// What every weight of a parameter is multiplied by, where the architecture has a number of its own that the model has not.
    /// </summary>
    public virtual double Factor(ParameterRole role, DecoderConfig config) => 1;

    /// <summary>The shape of a tensor there: its own, experts a dimension apart, unless the architecture has another.</summary>
    public virtual long[] ShapeOf(StoredTensor tensor, DecoderConfig config) => tensor.Stacked;

    /// <summary>Vectors of zeros that it reads where the model has no such parameter, with their lengths.</summary>
    public virtual IEnumerable<(string Name, int Length)> Zeros(DecoderConfig config) => [];

    /// <summary>
    /// What weights of a parameter become in a file, in place, where that is more than a sum or a product: a decay is there itself, where
    /// the checkpoint has the logarithm of what it is less than nothing.
    /// </summary>
    public static void Encode(ParameterRole role, Span<float> weights)
    {
        if (IsLogDecay(role))
            foreach (ref var weight in weights)
                weight = -MathF.Exp(weight);
    }

    /// <summary>The way back.</summary>
    public static void Decode(ParameterRole role, Span<float> weights)
    {
        if (IsLogDecay(role))
            foreach (ref var weight in weights)
                weight = MathF.Log(-weight);
    }

    public void Describe(DecoderConfig config, GgufMetadata metadata)
    {
        Add("context_length", (uint)ContextLength(config));
        Add("embedding_length", (uint)config.HiddenSize);
        Add("block_count", (uint)config.Layers);
        // Where there are experts alone it is their width.
        Add("feed_forward_length", OfLayers(static kind => kind.HasFeedForward,
            config.IntermediateSize > 0 ? config.IntermediateSize : config.ExpertIntermediateSize));
        if (config.LayersWithExperts > 0)
        {
            Add("expert_count", (uint)config.Experts);
            Add("expert_used_count", (uint)config.ExpertsPerToken);
        }
        Add("attention.head_count", (uint)config.QueryHeads);
        Add("attention.head_count_kv", OfLayers(static kind => kind.HasAttention, config.KeyValueHeads));
        // Always, for the default is hidden / heads, which pruning breaks.
        Add("attention.key_length", (uint)config.HeadDim);
        Add("attention.value_length", (uint)config.HeadDim);
        Add(Norm is NormKind.LayerNorm1p or NormKind.LayerNorm ? "attention.layer_norm_epsilon"
            : "attention.layer_norm_rms_epsilon", (float)config.NormEpsilon);
        if (HasRotary)
        {
            Add("rope.dimension_count", (uint)Turning(config));
            Add("rope.freq_base", (float)config.Rotary.Theta);
        }
        Add("vocab_size", (uint)config.VocabularySize);
        switch (config.Rotary.Scaling)
        {
            case RotaryScaling.Linear linear:
                Add("rope.scaling.type", "linear");
                Add("rope.scaling.factor", (float)linear.Factor);
                break;
            case LongRope scaling:
                Add("rope.scaling.original_context_length", (uint)scaling.OriginalMaxPositions);
                Add("rope.scaling.attn_factor", (float)scaling.AttentionFactor);
                break;
            case RotaryScaling.Yarn yarn when !RotaryFactors.HasKeys(yarn, this):
                Add("rope.scaling.attn_factor", (float)yarn.AttentionFactor);
                break;
            case RotaryScaling.Yarn yarn:
                Add("rope.scaling.type", "yarn");
                Add("rope.scaling.factor", (float)yarn.Factor);
                Add("rope.scaling.original_context_length", (uint)yarn.OriginalMaxPositions);
                // llama.cpp multiplies this by the usual 0.1 ln(factor) + 1 itself.
                Add("rope.scaling.attn_factor", (float)(yarn.AttentionFactor / (0.1 * Math.Log(yarn.Factor) + 1.0)));
                break;
        }

        DescribeOwn(config, Add);
        foreach (var (key, axis) in OwnSizes)
            Add(key, (uint)axis.Of(config));

        void Add(string key, object value) => metadata.Add($"{Name}.{key}", value);

        object OfLayers(Func<LayerKind, bool> has, int size) => !HasHalves ? (uint)size
            : Enumerable.Range(0, config.Layers).Select(layer => has(config.LayerKinds[layer]) ? (uint)size : 0).ToArray();
    }

    /// <summary>What llama.cpp would load and compute differently, or not load at all; null where all is well.</summary>
    public string? Objection(DecoderConfig config)
    {
        var missing = ParameterSpec.All.FirstOrDefault(spec =>
            config.LayerKinds.Take(config.Layers).Any(kind => spec.Exists(config, kind)) && !Table.Roles.Contains(spec.Role)
                && !(spec.Role == ParameterRole.Head && config.TiedEmbeddings));
        var turning = Turning(config);
        return config.Norm != Norm ? $"the architecture {Name} has {Norm}; this model has {config.Norm}"
            : config.LayerKinds.Select(WithoutKeys).FirstOrDefault(kind => kind != Layer) is { } other
            ? $"a layer of the architecture {Name} is {Layer}; this model has one that is {other}"
            : config.LayersWithExperts > 0 && config.NormalizesExpertWeights != NormalizesExpertWeights
            ? $"the weights of a token's experts {(NormalizesExpertWeights ? "add up to 1" : "are shares of all")} in the architecture "
                + $"{Name}; in this model they {(NormalizesExpertWeights ? "are shares of all" : "add up to 1")}"
            : missing is not null ? $"the architecture {Name} has no place for {missing.Role}"
            : !TurnsPartly && config.Rotary.Fraction != 1.0
            ? $"the architecture {Name} rotates whole heads; this model rotates {config.Rotary.Fraction} of each"
            : HasRotary && turning % 2 != 0 ? $"{turning} entries of a head are rotated, an odd number, which pairs cannot cover"
            : WantsFullWidth && config.QueryHeads * config.HeadDim != config.HiddenSize
            ? $"the architecture {Name} needs num_attention_heads * head_dim to equal hidden_size; this model has {config.QueryHeads} "
                + $"heads of {config.HeadDim} entries and {config.HiddenSize} channels"
            : (!ReadsRotaryFactors && RotaryFactors.Of(config, this) is not null) || (!ReadsLongFactors && LongFactors.Of(config).Any())
            ? $"the architecture {Name} cannot scale its frequencies by {config.Rotary.Scaling}"
            : OwnObjection(config);
    }

    private static bool IsLogDecay(ParameterRole role) => role is ParameterRole.MambaLogDecay or ParameterRole.DeltaLogDecay;

    private static int Turning(DecoderConfig config) => (int)(config.HeadDim * config.Rotary.Fraction);
}
