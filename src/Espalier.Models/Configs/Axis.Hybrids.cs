namespace Espalier.Models;

// Axes of layers that stand where others have attention: state-space mixers and linear attention.
public sealed partial class Axis
{
    /// <summary>
    /// Groups of the heads of a state-space mixer: G. None of <see cref="All"/>: each has a B and a C of its own, so none is cut.
    /// </summary>
    internal static Axis MambaGroups { get; } = new()
    {
        Key = "mamba-groups",
        Unit = "Mamba group",
        Field = "n_groups",
        Summary = "Groups of Mamba heads",
        Page = "Groups of Mamba heads.",
        Exists = kind => kind.HasMamba,
        Size = config => config.Mamba.Groups,
        Resize = (config, size) => config with { Mamba = config.Mamba with { Groups = size } },
    };

    /// <summary>Heads of a layer's state-space mixer: Nh.</summary>
    internal static Axis MambaHeads { get; } = new()
    {
        Key = "mamba-heads",
        Unit = "Mamba head",
        Field = "mamba_num_heads",
        Summary = "Heads per Mamba layer, a multiple of its groups",
        Page = """
            Heads per Mamba layer, a multiple of its groups: the same number is removed from each group, and the remaining heads keep the
            group's B and C (Minitron-SSM, arXiv 2504.11409).
            """,
        Groups = MambaGroups,
        Taps = [TapPoint.MambaProjection],
        Exists = kind => kind.HasMamba,
        Size = config => config.Mamba.Heads,
        Resize = (config, size) => config with { Mamba = config.Mamba with { Heads = size } },
    };

    /// <summary>Channels of a head of a layer's state-space mixer: P, the same ones in each head.</summary>
    internal static Axis MambaHeadDim { get; } = new()
    {
        Key = "mamba-head-dim",
        Unit = "Mamba channel",
        Field = "mamba_head_dim",
        Summary = "Channels per Mamba head",
        Page = "Channels per Mamba head: the same ones stay in each head of a layer.",
        IsHeadWidth = true,
        Taps = [TapPoint.MambaProjection],
        Exists = kind => kind.HasMamba,
        Size = config => config.Mamba.HeadDim,
        Resize = (config, size) => config with { Mamba = config.Mamba with { HeadDim = size } },
    };

    /// <summary>Key heads of a layer of linear attention: Nk. Each has a query, a key and a group of value heads.</summary>
    internal static Axis DeltaKeyHeads { get; } = new()
    {
        Key = "linear-key-heads",
        Unit = "linear key head",
        Field = "linear_num_key_heads",
        Summary = "Key heads per layer of linear attention; reducing them removes whole groups",
        Page = """
            Key heads per layer of linear attention (gated delta rule). Reducing them removes whole groups, those whose value heads have
            the lowest sum of scores; `linear-value-heads` then counts the value heads that stay in the other groups, by default all.
            """,
        Entries = new("linear_key_head_dim", config => config.Delta.StateSize),
        Exists = kind => kind.HasDelta,
        Size = config => config.Delta.Groups,
        Resize = (config, size) => config with { Delta = config.Delta with { Groups = size } },
    };

    /// <summary>Value heads of a layer of linear attention: Nv.</summary>
    internal static Axis DeltaHeads { get; } = new()
    {
        Key = "linear-value-heads",
        Unit = "linear value head",
        Field = "linear_num_value_heads",
        Summary = "Value heads per layer of linear attention, a multiple of its key heads",
        Page = """
            Value heads per layer of linear attention, a multiple of its key heads: the same number is removed from each group that shares
            a key. If each has a key of its own, any number: the key is removed with it, as with `linear-key-heads`.
            """,
        Groups = DeltaKeyHeads,
        Taps = [TapPoint.DeltaOutput],
        Exists = kind => kind.HasDelta,
        Size = config => config.Delta.Heads,
        Resize = (config, size) => config with { Delta = config.Delta with { Heads = size } },
    };

    /// <summary>Channels of a value head of a layer of linear attention: Hv, the same ones in each head.</summary>
    internal static Axis DeltaHeadDim { get; } = new()
    {
        Key = "linear-value-head-dim",
        Unit = "linear channel",
        Field = "linear_value_head_dim",
        Summary = "Channels per value head of linear attention",
        Page = "Channels per value head of linear attention: the same ones stay in each head of a layer.",
        IsHeadWidth = true,
        Taps = [TapPoint.DeltaOutput],
        Exists = kind => kind.HasDelta,
        Size = config => config.Delta.HeadDim,
        Resize = (config, size) => config with { Delta = config.Delta with { HeadDim = size } },
    };
}
