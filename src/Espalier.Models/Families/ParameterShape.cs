namespace Espalier.Models.Families;

/// <summary>Which parameters a config calls for, and how large each is.</summary>
public static class ParameterShape
{
    /// <summary>Whether a decoder of this config has the parameter at all.</summary>
    public static bool Exists(ParameterRole role, DecoderConfig config) => role switch
    {
        ParameterRole.Head => !config.TiedEmbeddings,
        ParameterRole.InputNormBias or ParameterRole.PostAttentionNormBias or ParameterRole.FinalNormBias =>
            config.Norm == NormKind.LayerNorm1p,
        ParameterRole.QueryProjectionBias or ParameterRole.KeyProjectionBias or ParameterRole.ValueProjectionBias =>
            config.QueryKeyValueBias,
        ParameterRole.OutputProjectionBias => config.AttentionOutputBias,
        ParameterRole.QueryNorm or ParameterRole.KeyNorm => config.QueryKeyNorm,
        ParameterRole.GateProjection => config.Activation == ActivationKind.SwiGlu,
        ParameterRole.GateProjectionBias => config.Activation == ActivationKind.SwiGlu && config.MlpBias,
        ParameterRole.UpProjectionBias or ParameterRole.DownProjectionBias => config.MlpBias,
        _ => true,
    };

    /// <summary>Whether each block has one.</summary>
    public static bool IsPerLayer(ParameterRole role) => role is not (
        ParameterRole.Embedding or ParameterRole.FinalNorm or ParameterRole.FinalNormBias or ParameterRole.Head);

    /// <summary>The shape that the config calls for, rows first.</summary>
    public static long[] Of(ParameterRole role, DecoderConfig config)
    {
        long D = config.HiddenSize, F = config.IntermediateSize, H = config.HeadDim, V = config.VocabularySize;
        long q = config.QueryHeads * H, kv = config.KeyValueHeads * H;
        return role switch
        {
            ParameterRole.Embedding or ParameterRole.Head => [V, D],
            ParameterRole.QueryProjection => [q, D],
            ParameterRole.QueryProjectionBias => [q],
            ParameterRole.KeyProjection or ParameterRole.ValueProjection => [kv, D],
            ParameterRole.KeyProjectionBias or ParameterRole.ValueProjectionBias => [kv],
            ParameterRole.QueryNorm or ParameterRole.KeyNorm => [H],
            ParameterRole.OutputProjection => [D, q],
            ParameterRole.GateProjection or ParameterRole.UpProjection => [F, D],
            ParameterRole.GateProjectionBias or ParameterRole.UpProjectionBias => [F],
            ParameterRole.DownProjection => [D, F],
            _ => [D],
        };
    }

    /// <summary>The config fields that the shape comes from, for error messages.</summary>
    public static string Fields(ParameterRole role) => role switch
    {
        ParameterRole.Embedding or ParameterRole.Head => "[vocab_size, hidden_size]",
        ParameterRole.QueryProjection => "[num_attention_heads * head_dim, hidden_size]",
        ParameterRole.QueryProjectionBias => "[num_attention_heads * head_dim]",
        ParameterRole.KeyProjection or ParameterRole.ValueProjection => "[num_key_value_heads * head_dim, hidden_size]",
        ParameterRole.KeyProjectionBias or ParameterRole.ValueProjectionBias => "[num_key_value_heads * head_dim]",
        ParameterRole.QueryNorm or ParameterRole.KeyNorm => "[head_dim]",
        ParameterRole.OutputProjection => "[hidden_size, num_attention_heads * head_dim]",
        ParameterRole.GateProjection or ParameterRole.UpProjection => "[intermediate_size, hidden_size]",
        ParameterRole.GateProjectionBias or ParameterRole.UpProjectionBias => "[intermediate_size]",
        ParameterRole.DownProjection => "[hidden_size, intermediate_size]",
        _ => "[hidden_size]",
    };
}
