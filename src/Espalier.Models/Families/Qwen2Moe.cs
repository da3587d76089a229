using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Qwen1.5 and Qwen2 with experts (Qwen1.5-MoE-A2.7B, Qwen2-57B-A14B): Qwen2's attention, and in most layers a mixture of experts with one
/// more that every token goes to.
/// </summary>
internal sealed class Qwen2Moe() : Family("qwen2_moe", "Qwen2MoeForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedQueriesKeysValues, OutputProjection, .. Mlp, .. Experts, .. SharedMlp, InputNorm, PostAttentionNorm,
            FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": null, "decoder_sparse_step": 1, "eos_token_id": null, "hidden_act": "silu",
          "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 5632, "max_position_embeddings": 32768,
          "max_window_layers": 28, "mlp_only_layers": [], "moe_intermediate_size": 1408, "norm_topk_prob": false,
          "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4, "num_hidden_layers": 24, "num_key_value_heads": 16,
          "output_router_logits": false, "pad_token_id": null, "qkv_bias": true, "rms_norm_eps": 1e-06, "rope_scaling": null,
          "rope_theta": 10000.0, "router_aux_loss_coef": 0.001, "shared_expert_intermediate_size": 5632, "sliding_window": 0,
          "tie_word_embeddings": false, "use_cache": true, "use_sliding_window": false, "vocab_size": 151936
        }
        """);

    protected override string? FieldOf(Axis axis, JsonObject fields) => SparseLayers.FieldOf(axis, fields);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        QwenLayers.RequireFull(fields);
        return SparseLayers.Sizes(common, fields) with
        {
            LayerKinds = LayerKinds.Of(SparseLayers.Of(fields, common.Layers)
                .Select(experts => new LayerKind { HasExperts = experts, HasSharedExpert = experts })),
            QueryKeyValueBias = fields.Bool("qkv_bias"),
            SharedIntermediateSize = fields.Int("shared_expert_intermediate_size"),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        fields["qkv_bias"] = target.QueryKeyValueBias;
        // Releases of transformers from 5 on have a kind for each layer.
        if (fields.ContainsKey("layer_types"))
            LayerTypes.Write(Enumerable.Repeat(false, target.Layers), fields);
        SparseLayers.Write(target, fields, Defaults);
    }
}
