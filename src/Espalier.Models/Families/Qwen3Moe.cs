using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Qwen3 with experts (30B-A3B, 235B-A22B): Qwen3's attention, and in most layers a mixture of experts in place of the feed-forward block.
/// </summary>
internal sealed class Qwen3Moe() : Family("qwen3_moe", "Qwen3MoeForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, QueryNorm, KeyNorm, .. Mlp, .. Experts, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "decoder_sparse_step": 1, "eos_token_id": null,
          "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 6144,
          "max_position_embeddings": 32768, "mlp_only_layers": [], "moe_intermediate_size": 768, "norm_topk_prob": false,
          "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 24, "num_key_value_heads": 4,
          "output_router_logits": false, "pad_token_id": null, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0,
          "router_aux_loss_coef": 0.001, "sliding_window": null, "tie_word_embeddings": false, "use_cache": true,
          "use_sliding_window": false, "vocab_size": 151936
        }
        """);

    protected override string? FieldOf(Axis axis, JsonObject fields) => SparseLayers.FieldOf(axis, fields);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        QwenLayers.RequireFull(fields);
        return SparseLayers.Sizes(common, fields) with
        {
            LayerKinds = LayerKinds.Of(SparseLayers.Of(fields, common.Layers)
                .Select(experts => new LayerKind { HeadNorms = HeadNormKind.EachHead, HasExperts = experts })),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) => SparseLayers.Write(target, fields, Defaults);
}
