using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Qwen3-Next (80B-A3B): layers as those of Qwen3.5 (<see cref="Qwen35"/>), of which most are mixtures of experts with one expert more that
/// every token goes to. What linear attention multiplies with stands in two tensors, interleaved by its key heads.
/// </summary>
internal sealed class Qwen3Next() : Family("qwen3_next", "Qwen3NextForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. LinearAttention, QueryProjection, QueryGateProjection, QueryProjectionBias, QueryGateProjectionBias, KeyProjection,
            KeyProjectionBias, ValueProjection, ValueProjectionBias, OutputProjection, OutputProjectionBias, QueryNorm, KeyNorm, .. Mlp,
            .. Experts, .. SharedMlp, InputNorm, PostAttentionNorm, FinalNorm, Head],
        (DeltaQueryProjection, "model.layers.{layer}.linear_attn.in_proj_qkvz.weight#linear-key-heads:q"),
        (DeltaKeyProjection, "model.layers.{layer}.linear_attn.in_proj_qkvz.weight#linear-key-heads:k"),
        (DeltaValueProjection, "model.layers.{layer}.linear_attn.in_proj_qkvz.weight#linear-key-heads:v"),
        (DeltaGateProjection, "model.layers.{layer}.linear_attn.in_proj_qkvz.weight#linear-key-heads:z"),
        (DeltaStrengthProjection, "model.layers.{layer}.linear_attn.in_proj_ba.weight#linear-key-heads:b"),
        (DeltaStepProjection, "model.layers.{layer}.linear_attn.in_proj_ba.weight#linear-key-heads:a"),
        (QueryProjection, "model.layers.{layer}.self_attn.q_proj.weight#heads:query"),
        (QueryProjectionBias, "model.layers.{layer}.self_attn.q_proj.bias#heads:query"));

    /// <summary>Those of transformers 5.12.</summary>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "decoder_sparse_step": 1, "eos_token_id": null,
          "head_dim": 256, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 5632,
          "linear_conv_kernel_dim": 4, "linear_key_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32,
          "linear_value_head_dim": 128, "max_position_embeddings": 32768, "mlp_only_layers": [], "moe_intermediate_size": 512,
          "norm_topk_prob": true, "num_attention_heads": 16, "num_experts": 512, "num_experts_per_tok": 10, "num_hidden_layers": 48,
          "num_key_value_heads": 2, "output_router_logits": false, "pad_token_id": null, "partial_rotary_factor": 0.25,
          "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0, "router_aux_loss_coef": 0.001,
          "shared_expert_intermediate_size": 512, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 151936
        }
        """);

    protected internal override bool TurnsPartly => true;

    protected override string? FieldOf(Axis axis, JsonObject fields) => SparseLayers.FieldOf(axis, fields);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        var sparse = SparseLayers.Of(fields, common.Layers);
        return SparseLayers.Sizes(common, fields) with
        {
            Norm = NormKind.RmsNorm1p,
            LayerKinds = LayerKinds.Of(LinearLayers.KindsOf(fields, common.Layers)
                .Zip(sparse, (kind, experts) => kind with { HasExperts = experts, HasSharedExpert = experts })),
            Delta = LinearLayers.Sizes(fields),
            SharedIntermediateSize = fields.Int("shared_expert_intermediate_size"),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        LinearLayers.Write(target, fields);
        SparseLayers.Write(target, fields, Defaults);
    }
}
