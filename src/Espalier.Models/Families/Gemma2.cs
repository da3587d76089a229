using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Gemma-2: four norms in a block, with weights stored less one, GELU gates, caps of scores and logits, and a window in every other layer.
/// </summary>
internal sealed class Gemma2() : Family("gemma2", "Gemma2ForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. Mlp, InputNorm, AttentionOutputNorm, PostAttentionNorm, MlpOutputNorm, FinalNorm, Head],
        (PostAttentionNorm, "model.layers.{layer}.pre_feedforward_layernorm.weight"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0, "bos_token_id": 2, "eos_token_id": 1,
          "final_logit_softcapping": 30.0, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304,
          "initializer_range": 0.02, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8,
          "num_hidden_layers": 26, "num_key_value_heads": 4, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
          "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": true, "use_bidirectional_attention": null,
          "use_cache": true, "vocab_size": 256000
        }
        """);

    protected override IReadOnlyList<string> Activations => ["gelu_pytorch_tanh"];

    protected override string ActivationField => "hidden_activation";

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        if (fields.Bool("use_bidirectional_attention"))
            throw fields.Wrong("use_bidirectional_attention", "only causal attention is supported");
        var kind = new LayerKind
        {
            Norms = NormPlacement.Both,
            Activation = ActivationKind.GeGlu,
            AttentionScale = 1 / Math.Sqrt(fields.Positive("query_pre_attn_scalar")),
            ScoreCap = fields.OptionalPositive("attn_logit_softcapping"),
        };
        return common with
        {
            Norm = NormKind.RmsNorm1p,
            EmbeddingScalesByWidth = true,
            LogitCap = fields.OptionalPositive("final_logit_softcapping"),
            LayerKinds = LayerKinds.Of(LayerTypes.Windows(fields, common.Layers, layer => layer % 2 == 0)
                .Select(window => kind with { SlidingWindow = window })),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        LayerTypes.Write(target, fields);
        ConfigJson.SetOptionalFloat(fields, "attn_logit_softcapping", target.LayerKinds[0].ScoreCap);
        ConfigJson.SetOptionalFloat(fields, "final_logit_softcapping", target.LogitCap);
        var scale = target.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(target.HeadDim);
        if (ConfigJson.Number(fields["query_pre_attn_scalar"]) is not { } scalar || 1 / Math.Sqrt(scalar) != scale)
            ConfigJson.SetFloat(fields, "query_pre_attn_scalar", 1 / (scale * scale));
    }
}
