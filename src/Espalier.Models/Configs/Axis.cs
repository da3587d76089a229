namespace Espalier.Models;

/// <summary>
/// A size of a decoder that pruning can change, with all that is to be known of it. What prunes, scores and searches walks
/// <see cref="All"/>; a new axis is an object here, a field of <see cref="DecoderConfig"/>, and dimensions of parameters
/// (<c>docs/playbooks/add-an-axis.md</c>).
/// </summary>
public sealed partial class Axis
{
    private Axis() => Dimension = new(this);

    /// <summary>Blocks: L.</summary>
    public static Axis Layers { get; } = new()
    {
        Key = "layers",
        Unit = "layer",
        Field = "num_hidden_layers",
        Summary = "Layers",
        Page = "Number of layers.",
        IsPerLayer = false,
        IsOptional = false,
        Most = 1 << 16,
        Size = config => config.Layers,
        Resize = (config, size) => config with { Layers = size, LayerKinds = config.LayerKinds.First(size) },
    };

    /// <summary>Channels of the residual stream: D.</summary>
    public static Axis Hidden { get; } = new()
    {
        Key = "hidden",
        Unit = "channel",
        Field = "hidden_size",
        Summary = "Width of the residual stream",
        Page = "Width of the residual stream.",
        IsPerLayer = false,
        IsOptional = false,
        IsWidth = true,
        Taps = [TapPoint.InputNorm, TapPoint.PostAttentionNorm, TapPoint.FinalNorm],
        Size = config => config.HiddenSize,
        Resize = (config, size) => config with { HiddenSize = size },
    };

    /// <summary>Key/value heads of a layer: K. Each has a group of query heads.</summary>
    public static Axis KvHeads { get; } = new()
    {
        Key = "kv-heads",
        Unit = "KV head",
        Field = "num_key_value_heads",
        Summary = "Key/value heads per layer; reducing them removes whole groups",
        Page = """
            KV heads per layer. Reducing them removes whole groups, those whose query heads have the lowest sum of scores; `heads` then
            counts the query heads that stay in the other groups, by default all.
            """,
        IsSearched = false,
        IsOptional = false,
        Entries = Dimension.HeadEntries,
        Exists = kind => kind.HasAttention,
        Size = config => config.KeyValueHeads,
        Resize = (config, size) => config with { KeyValueHeads = size },
    };

    /// <summary>Query heads of a layer: N.</summary>
    public static Axis Heads { get; } = new()
    {
        Key = "heads",
        Unit = "head",
        Field = "num_attention_heads",
        Summary = "Query heads per layer, a multiple of the key/value heads; if each has its own, that is removed with it",
        Page = """
            Query heads per layer, a multiple of the KV heads: the same number is removed from each KV group. If each query head has a KV
            head of its own (multi-head attention), any number: the KV head is removed with it, as with `kv-heads`.
            """,
        IsOptional = false,
        Entries = Dimension.HeadEntries,
        Groups = KvHeads,
        Taps = [TapPoint.AttentionOutput],
        Exists = kind => kind.HasAttention,
        Size = config => config.QueryHeads,
        Resize = (config, size) => config with { QueryHeads = size },
    };

    /// <summary>Neurons of a layer's feed-forward block: F.</summary>
    public static Axis Ffn { get; } = new()
    {
        Key = "ffn",
        Unit = "neuron",
        Field = "intermediate_size",
        Summary = "Width of the feed-forward blocks",
        Page = "Width of the feed-forward block.",
        IsWidth = true,
        Taps = [TapPoint.MlpIntermediate],
        Exists = kind => kind.IsDense,
        Size = config => config.IntermediateSize,
        Resize = (config, size) => config with { IntermediateSize = size },
    };

    /// <summary>Experts of a layer: E.</summary>
    public static Axis Experts { get; } = new()
    {
        Key = "experts",
        Unit = "expert",
        Field = "num_experts",
        Summary = "Experts per layer, at least as many as a token is routed to",
        Page = "Experts per mixture-of-experts layer; at least as many as a token is routed to.",
        Taps = [TapPoint.ExpertOutput],
        Least = config => config.ExpertsPerToken,
        Exists = kind => kind.HasExperts,
        Size = config => config.Experts,
        Resize = (config, size) => config with { Experts = size },
    };

    /// <summary>Neurons of an expert: X.</summary>
    public static Axis ExpertFfn { get; } = new()
    {
        Key = "expert-ffn",
        Unit = "expert neuron",
        Field = "moe_intermediate_size",
        Summary = "Width of each expert",
        Page = "Width of each expert of a mixture of experts.",
        IsPerExpert = true,
        IsWidth = true,
        Taps = [TapPoint.ExpertIntermediate],
        Exists = kind => kind.HasExperts,
        Size = config => config.ExpertIntermediateSize,
        Resize = (config, size) => config with { ExpertIntermediateSize = size },
    };

    /// <summary>Neurons of the expert that every token goes to: Y.</summary>
    internal static Axis SharedFfn { get; } = new()
    {
        Key = "shared-expert-ffn",
        Unit = "shared neuron",
        Field = "shared_expert_intermediate_size",
        Summary = "Width of the shared expert, which every token goes to",
        Page = "Width of the shared expert, which every token goes to in addition to those that the router chooses.",
        IsWidth = true,
        Taps = [TapPoint.SharedIntermediate],
        Exists = kind => kind.HasSharedExpert,
        Size = config => config.SharedIntermediateSize,
        Resize = (config, size) => config with { SharedIntermediateSize = size },
    };

    /// <summary>As recipes and the command line call it: <c>hidden</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The key as words, in tables: <c>kv heads</c>.</summary>
    internal string Words => Key.Replace('-', ' ');

    /// <summary>The key as JSON has it: <c>kv_heads</c>.</summary>
    internal string JsonName => Key.Replace('-', '_');

    /// <summary>As <c>config.json</c> calls it: <c>hidden_size</c>.</summary>
    public required string Field { get; init; }

    /// <summary>The size in a line, as the help of commands says it.</summary>
    public required string Summary { get; init; }

    /// <summary>The size as the page of recipes explains it.</summary>
    public required string Page { get; init; }

    /// <summary>What one unit is called: <c>channel</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>What several are called: <c>channels</c>.</summary>
    public string Units => $"{Unit}s";

    /// <summary>What plans and scores call them: <c>channels</c>, <c>kv_heads</c>.</summary>
    public string UnitsField => Units.ToLowerInvariant().Replace(' ', '_');

    /// <summary>Whether each layer has its own units, the same number in each.</summary>
    public bool IsPerLayer { get; private init; } = true;

    /// <summary>Whether each expert of a layer has its own units, the same number in each.</summary>
    public bool IsPerExpert { get; private init; }

    /// <summary>Whether it is a width of matrices, which matrix units work in tiles of.</summary>
    public bool IsWidth { get; private init; }

    /// <summary>Whether it is the width of a head, such as a state-space mixer's; that of attention is no axis.</summary>
    internal bool IsHeadWidth { get; private init; }

    /// <summary>Whether a search may give it its own sizes; there KV heads follow the query heads.</summary>
    internal bool IsSearched { get; private init; } = true;

    /// <summary>
    /// The axis whose units each have a group of these, the same number in each: they go in whole groups, or the same number in each
    /// group. Null for none.
    /// </summary>
    public Axis? Groups { get; private init; }

    /// <summary>The axis whose units these groups contain; null if these are not groups.</summary>
    public Axis? Grouped => All.FirstOrDefault(axis => axis.Groups == this);

    /// <summary>
    /// Where the activations of its units pass, which their importance is read from; what passes in several places adds up. None for what
    /// is worth as much as what it groups, and for layers, which are scored in spans.
    /// </summary>
    public IReadOnlyList<TapPoint> Taps { get; private init; } = [];

    /// <summary>
    /// The largest size that a config may have: far beyond any model, small enough that no product of sizes leaves 64 bits.
    /// </summary>
    public int Most { get; private init; } = 1 << 22;

    /// <summary>This axis as a dimension of a parameter.</summary>
    public Dimension Dimension { get; }

    /// <summary>
    /// What a unit has along <see cref="Dimension"/> where that is more than one entry, such as those of a head; null for one.
    /// </summary>
    internal Dimension? Entries { get; private init; }

    private Func<LayerKind, bool> Exists { get; init; } = static _ => true;

    private Func<DecoderConfig, int> Least { get; init; } = static _ => 1;

    private Func<DecoderConfig, int> Size { get; init; } = null!;

    private Func<DecoderConfig, int, DecoderConfig> Resize { get; init; } = null!;

    /// <summary>
    /// Whether a config has units of it: where all layers are mixtures of experts there is no feed-forward block beside them, elsewhere
    /// there are no experts, and only hybrids have Mamba heads, or linear attention.
    /// </summary>
    public bool IsIn(DecoderConfig config) => config.LayerKinds.Any(Exists);

    /// <summary>Whether there are models without it.</summary>
    internal bool IsOptional { get; private init; } = true;

    /// <summary>
    /// Whether a plain decoder has units of it, whose layers are attention and a feed-forward block. Such sizes are always listed.
    /// </summary>
    internal bool IsOfPlain => Exists(new());

    /// <summary>Whether only layers with state-space mixers, or with linear attention, have units of it.</summary>
    internal bool IsOfHybrids => !Exists(new()) && !Exists(new() { HasExperts = true, HasSharedExpert = true });

    /// <summary>Whether a layer of a kind has units of it.</summary>
    internal bool IsIn(LayerKind kind) => Exists(kind);

    /// <summary>How often a config has these units: once, in each layer, or in each expert of each layer.</summary>
    internal int RowsIn(DecoderConfig config) => !IsPerLayer ? 1 : IsPerExpert ? config.Layers * config.Experts : config.Layers;

    /// <summary>The smallest size that a config may have.</summary>
    internal int LeastIn(DecoderConfig config) => Least(config);

    /// <summary>The size.</summary>
    public int Of(DecoderConfig config) => Size(config);

    /// <summary>The config with another size; nothing else changes.</summary>
    public DecoderConfig With(DecoderConfig config, int size) => Resize(config, size);

    /// <summary>Units of one group; all of them where there are no groups.</summary>
    public int GroupSizeOf(DecoderConfig config) => Groups is null ? Of(config) : Of(config) / Math.Max(1, Groups.Of(config));

    /// <summary>Entries that a unit has along <see cref="Dimension"/>: those of a head, else 1.</summary>
    public int EntriesOf(DecoderConfig config) => (int)(Entries?.Of(config) ?? 1);

    /// <inheritdoc/>
    public override string ToString() => Key;
}
