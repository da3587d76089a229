using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Gemma-3 (text): Gemma-2 without caps of scores, with norms of query and key heads, and a window in five layers of six, which turn by a
/// base of their own.
/// </summary>
internal sealed class Gemma3() : Family("gemma3_text", "Gemma3ForCausalLM")
{
    // Every so manieth layer has no window, where the file does not say.
    private const int Pattern = 6;

    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, QueryNorm, KeyNorm, .. Mlp, InputNorm, AttentionOutputNorm, PostAttentionNorm, MlpOutputNorm,
            FinalNorm, Head],
        (PostAttentionNorm, "model.layers.{layer}.pre_feedforward_layernorm.weight"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": null, "bos_token_id": 2, "eos_token_id": 1,
          "final_logit_softcapping": null, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304,
          "initializer_range": 0.02, "intermediate_size": 9216, "max_position_embeddings": 131072, "num_attention_heads": 8,
          "num_hidden_layers": 26, "num_key_value_heads": 4, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
          "rope_local_base_freq": 10000.0, "rope_scaling": null, "rope_theta": 1000000.0, "sliding_window": 4096,
          "tie_word_embeddings": true, "use_bidirectional_attention": false, "use_cache": true, "vocab_size": 262208
        }
        """);

    protected override IReadOnlyList<string> Activations => ["gelu_pytorch_tanh"];

    protected override string ActivationField => "hidden_activation";

    protected override bool TurnsByKind => true;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        if (fields.Bool("use_bidirectional_attention"))
            throw fields.Wrong("use_bidirectional_attention", "only causal attention is supported");
        // Its config class has the field, and nothing reads it.
        if (fields.OptionalDouble("attn_logit_softcapping") is not null)
            throw fields.Wrong("attn_logit_softcapping", "attention scores in this family have no cap; set it to null");
        var local = RotaryFields.ReadLocal(fields, common.MaxPositions);
        var full = new LayerKind
        {
            Norms = NormPlacement.Both,
            Activation = ActivationKind.GeGlu,
            HeadNorms = HeadNormKind.EachHead,
            AttentionScale = 1 / Math.Sqrt(fields.Positive("query_pre_attn_scalar")),
        };
        var sliding = full with { SlidingWindow = fields.Int("sliding_window"), Rotary = local == common.Rotary ? null : local };
        var pattern = fields.OptionalInt("sliding_window_pattern") ?? Pattern;
        return common with
        {
            Norm = NormKind.RmsNorm1p,
            EmbeddingScalesByWidth = true,
            LogitCap = fields.OptionalPositive("final_logit_softcapping"),
            LayerKinds = LayerKinds.Of(LayerTypes.Windows(fields, common.Layers, layer => (layer + 1) % pattern != 0)
                .Select(window => window is null ? full : sliding)),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        LayerTypes.Write(target, fields);
        // Where no layer with a window stays, what is said of them stays as it is.
        if (target.LayerKinds.FirstOrDefault(kind => kind.SlidingWindow is not null) is { } sliding)
            RotaryFields.WriteLocal(sliding.Rotary ?? target.Rotary, fields);
        ConfigJson.SetOptionalFloat(fields, "final_logit_softcapping", target.LogitCap);
        var scale = target.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(target.HeadDim);
        if (ConfigJson.Number(fields["query_pre_attn_scalar"]) is not { } scalar || 1 / Math.Sqrt(scalar) != scale)
            ConfigJson.SetFloat(fields, "query_pre_attn_scalar", 1 / (scale * scale));
    }
}
