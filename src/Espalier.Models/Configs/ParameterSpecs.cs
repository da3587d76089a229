using static Espalier.Models.Axis;
using static Espalier.Models.Dimension;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models;

/// <summary>The table of all kinds of parameters. A new kind is a line here and a name in its family's table.</summary>
internal static class ParameterSpecs
{
    public static IReadOnlyList<ParameterSpec> All { get; } =
    [
        new(Embedding, ParameterGroup.Embedding, Vocabulary, Hidden) { IsPerLayer = false },
        Norm(InputNorm),
        NormBias(InputNormBias),
        new(QueryProjection, ParameterGroup.Attention, Heads, Hidden) { Input = TapPoint.InputNorm },
        new(QueryProjectionBias, ParameterGroup.Attention, Heads) { Exists = HasQkvBias },
        new(KeyProjection, ParameterGroup.Attention, KvHeads, Hidden) { Input = TapPoint.InputNorm },
        new(KeyProjectionBias, ParameterGroup.Attention, KvHeads) { Exists = HasQkvBias },
        new(ValueProjection, ParameterGroup.Attention, KvHeads, Hidden) { Input = TapPoint.InputNorm },
        new(ValueProjectionBias, ParameterGroup.Attention, KvHeads) { Exists = HasQkvBias },
        HeadNorm(QueryNorm),
        HeadNorm(KeyNorm),
        new(OutputProjection, ParameterGroup.Attention, Hidden, Heads) { Input = TapPoint.AttentionOutput },
        new(OutputProjectionBias, ParameterGroup.Attention, Hidden) { Exists = config => config.AttentionOutputBias },
        Norm(PostAttentionNorm),
        NormBias(PostAttentionNormBias),
        new(GateProjection, ParameterGroup.Mlp, Ffn, Hidden) { Input = TapPoint.PostAttentionNorm, Exists = HasGate },
        new(GateProjectionBias, ParameterGroup.Mlp, Ffn) { Exists = config => HasGate(config) && config.MlpBias },
        new(UpProjection, ParameterGroup.Mlp, Ffn, Hidden) { Input = TapPoint.PostAttentionNorm },
        new(UpProjectionBias, ParameterGroup.Mlp, Ffn) { Exists = config => config.MlpBias },
        new(DownProjection, ParameterGroup.Mlp, Hidden, Ffn) { Input = TapPoint.MlpIntermediate },
        new(DownProjectionBias, ParameterGroup.Mlp, Hidden) { Exists = config => config.MlpBias },
        Norm(FinalNorm) with { IsPerLayer = false },
        NormBias(FinalNormBias) with { IsPerLayer = false },
        new(Head, ParameterGroup.Head, Vocabulary, Hidden) { IsPerLayer = false, Exists = config => !config.TiedEmbeddings },
    ];

    private static ParameterSpec Norm(ParameterRole role) => new(role, ParameterGroup.Norms, Hidden)
    {
        IsNeutralAtOne = config => config.Norm == NormKind.RmsNorm,
    };

    private static ParameterSpec NormBias(ParameterRole role) => new(role, ParameterGroup.Norms, Hidden)
    {
        Exists = config => config.Norm == NormKind.LayerNorm1p,
    };

    private static ParameterSpec HeadNorm(ParameterRole role) =>
        new(role, ParameterGroup.Norms, HeadEntries) { Exists = config => config.QueryKeyNorm, IsNeutralAtOne = static _ => true };

    private static bool HasQkvBias(DecoderConfig config) => config.QueryKeyValueBias;

    private static bool HasGate(DecoderConfig config) => config.Activation == ActivationKind.SwiGlu;
}
