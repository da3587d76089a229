using static Espalier.Models.Axis;
using static Espalier.Models.Dimension;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models;

/// <summary>The table of all kinds of parameters. A new kind is a line here and a name in its family's table.</summary>
internal static class ParameterSpecs
{
    public static IReadOnlyList<ParameterSpec> All { get; } =
    [
        new(Embedding, ParameterGroup.Embedding, Vocabulary, Hidden)
        {
            IsPerLayer = false,
            Factor = (from, to) => from.EmbeddingScale / to.EmbeddingScale,
        },
        Norm(InputNorm) with { Exists = (_, kind) => kind.HasNormsBefore },
        NormBias(InputNormBias),
        OfAttention(QueryProjection, Heads, Hidden),
        new(QueryProjectionBias, ParameterGroup.Attention, Heads) { Exists = HasQkvBias },
        OfAttention(QueryGateProjection, Heads, Hidden) with { Exists = (_, kind) => HasGate(kind) },
        new(QueryGateProjectionBias, ParameterGroup.Attention, Heads)
        {
            Exists = (config, kind) => config.QueryKeyValueBias && HasGate(kind),
        },
        OfAttention(KeyProjection, KvHeads, Hidden),
        new(KeyProjectionBias, ParameterGroup.Attention, KvHeads) { Exists = HasQkvBias },
        OfAttention(ValueProjection, KvHeads, Hidden),
        new(ValueProjectionBias, ParameterGroup.Attention, KvHeads) { Exists = HasQkvBias },
        HeadNorm(QueryNorm, HeadNormKind.EachHead, HeadEntries),
        HeadNorm(KeyNorm, HeadNormKind.EachHead, HeadEntries),
        HeadNorm(QueryRowNorm, HeadNormKind.AllHeads, Heads),
        HeadNorm(KeyRowNorm, HeadNormKind.AllHeads, KvHeads),
        OfAttention(OutputProjection, Hidden, Heads) with { Input = TapPoint.AttentionOutput },
        new(OutputProjectionBias, ParameterGroup.Attention, Hidden)
        {
            Exists = (config, kind) => config.AttentionOutputBias && kind.HasAttention,
        },
        new(AttentionSinks, ParameterGroup.Attention, OneEach(Heads)) { Exists = static (_, kind) => kind.HasAttention && kind.HasSinks },
        Norm(AttentionOutputNorm) with { Exists = (_, kind) => kind.HasNormsAfter && kind.HasMixer },
        .. MambaSpecs.All,
        .. DeltaSpecs.All,
        Norm(PostAttentionNorm) with { Exists = (_, kind) => kind.HasNormsBefore && !kind.IsHalf },
        NormBias(PostAttentionNormBias) with { Exists = (config, kind) => HasNormBias(config) && !kind.IsHalf },
        new(GateProjection, ParameterGroup.Mlp, Ffn, Hidden) { Input = TapPoint.PostAttentionNorm,
            Exists = (_, kind) => kind.HasDenseGate },
        new(GateProjectionBias, ParameterGroup.Mlp, Ffn) { Exists = (config, kind) => kind.HasDenseGate && config.MlpBias },
        new(UpProjection, ParameterGroup.Mlp, Ffn, Hidden) { Input = TapPoint.PostAttentionNorm, Exists = IsDense },
        new(UpProjectionBias, ParameterGroup.Mlp, Ffn) { Exists = HasMlpBias },
        new(DownProjection, ParameterGroup.Mlp, Hidden, Ffn) { Input = TapPoint.MlpIntermediate, Exists = IsDense },
        new(DownProjectionBias, ParameterGroup.Mlp, Hidden) { Exists = HasMlpBias },
        new(Router, ParameterGroup.Mlp, Experts, Hidden) { Input = TapPoint.PostAttentionNorm, Exists = HasExperts },
        new(RouterBias, ParameterGroup.Mlp, Experts) { Exists = static (config, kind) => kind.HasExperts && config.RouterBias },
        OfExperts(ExpertGateProjection, TapPoint.ExpertInput, ExpertFfn, Hidden),
        BiasOfExperts(ExpertGateProjectionBias, ExpertFfn),
        OfExperts(ExpertUpProjection, TapPoint.ExpertInput, ExpertFfn, Hidden),
        BiasOfExperts(ExpertUpProjectionBias, ExpertFfn),
        OfExperts(ExpertDownProjection, TapPoint.ExpertIntermediate, Hidden, ExpertFfn),
        BiasOfExperts(ExpertDownProjectionBias, Hidden),
        OfShared(SharedGateProjection, TapPoint.PostAttentionNorm, SharedFfn, Hidden) with
        {
            Exists = (_, kind) => kind.HasSharedExpert && kind.HasGate,
        },
        OfShared(SharedUpProjection, TapPoint.PostAttentionNorm, SharedFfn, Hidden),
        OfShared(SharedDownProjection, TapPoint.SharedIntermediate, Hidden, SharedFfn),
        OfShared(SharedExpertGate, TapPoint.PostAttentionNorm, new Dimension("1", static _ => 1), Hidden),
        Norm(MlpOutputNorm) with { Exists = (_, kind) => kind.HasNormsAfter && kind.HasFeedForward },
        Norm(FinalNorm) with
        {
            IsPerLayer = false,
            // Where the table is the head too, what it gained is taken back before it.
            Factor = (from, to) => to.TiedEmbeddings ? to.EmbeddingScale / from.EmbeddingScale : 1,
        },
        NormBias(FinalNormBias) with { IsPerLayer = false },
        new(Head, ParameterGroup.Head, Vocabulary, Hidden) { IsPerLayer = false, Exists = (config, _) => !config.TiedEmbeddings },
    ];

    private static ParameterSpec Norm(ParameterRole role) => new(role, ParameterGroup.Norms, Hidden)
    {
        IsNeutralAtOne = config => config.Norm is NormKind.RmsNorm or NormKind.LayerNorm,
        IsStoredLessOne = config => config.Norm is NormKind.RmsNorm1p or NormKind.LayerNorm1p,
    };

    private static ParameterSpec NormBias(ParameterRole role) => new(role, ParameterGroup.Norms, Hidden)
    {
        Exists = (config, _) => HasNormBias(config),
    };

    private static ParameterSpec HeadNorm(ParameterRole role, HeadNormKind norm, Dimension width) =>
        new(role, ParameterGroup.Norms, width)
        {
            Exists = (_, kind) => kind.HeadNorms == norm && kind.HasAttention,
            IsNeutralAtOne = static config => config.HeadNorm == NormKind.RmsNorm,
            IsStoredLessOne = static config => config.HeadNorm == NormKind.RmsNorm1p,
        };

    private static ParameterSpec OfAttention(ParameterRole role, params IReadOnlyList<Dimension> dimensions) =>
        new(role, ParameterGroup.Attention, dimensions) { Input = TapPoint.InputNorm, Exists = static (_, kind) => kind.HasAttention };

    private static ParameterSpec OfExperts(ParameterRole role, TapPoint input, params IReadOnlyList<Dimension> dimensions) =>
        new(role, ParameterGroup.Mlp, dimensions) { IsPerExpert = true, Input = input, Exists = HasExperts };

    private static ParameterSpec BiasOfExperts(ParameterRole role, Dimension rows) => new(role, ParameterGroup.Mlp, rows)
    {
        IsPerExpert = true,
        Exists = static (config, kind) => kind.HasExperts && config.ExpertBias,
    };

    private static ParameterSpec OfShared(ParameterRole role, TapPoint input, params IReadOnlyList<Dimension> dimensions) =>
        new(role, ParameterGroup.Mlp, dimensions) { Input = input, Exists = static (_, kind) => kind.HasSharedExpert };

    private static bool IsDense(DecoderConfig config, LayerKind kind) => kind.IsDense;

    private static bool HasExperts(DecoderConfig config, LayerKind kind) => kind.HasExperts;

    private static bool HasNormBias(DecoderConfig config) => config.Norm is NormKind.LayerNorm1p or NormKind.LayerNorm;

    private static bool HasMlpBias(DecoderConfig config, LayerKind kind) => config.MlpBias && kind.IsDense;

    private static bool HasGate(LayerKind kind) => kind.HasAttention && kind.HasAttentionGate;

    private static bool HasQkvBias(DecoderConfig config, LayerKind kind) => config.QueryKeyValueBias && kind.HasAttention;
}
