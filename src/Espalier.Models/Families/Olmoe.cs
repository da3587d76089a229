using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// OLMoE 1B-7B: every layer a mixture of experts, whose weights are a softmax over all of them; queries and keys are normed over all heads,
/// by weights as wide as the residual stream, so that heads and channels go together.
/// </summary>
internal sealed class Olmoe() : Family("olmoe", "OlmoeForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, QueryRowNorm, KeyRowNorm, .. Experts, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "clip_qkv": null, "eos_token_id": 50279,
          "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 2048,
          "max_position_embeddings": 4096, "norm_topk_prob": false, "num_attention_heads": 16, "num_experts": 64,
          "num_experts_per_tok": 8, "num_hidden_layers": 16, "num_key_value_heads": null, "output_router_logits": false,
          "pad_token_id": 1, "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "router_aux_loss_coef": 0.01,
          "tie_word_embeddings": false, "use_cache": true, "vocab_size": 50304
        }
        """);

    protected override string? FieldOf(Axis axis, JsonObject fields) => axis == Axis.ExpertFfn ? "intermediate_size" : axis.Field;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        if (fields.Says("clip_qkv"))
            throw fields.Wrong("clip_qkv", "clipping of queries, keys and values is not supported; the published models set it to null");
        if (common.QueryHeads * common.HeadDim != common.HiddenSize)
            throw fields.Wrong("hidden_size",
                $"the norms of queries and keys of this family are as wide as the residual stream: hidden_size must be "
                    + $"num_attention_heads {common.QueryHeads} * head_dim {common.HeadDim} = {common.QueryHeads * common.HeadDim}; "
                    + "keep both, or cut heads and channels in the same proportion");
        return common with
        {
            IntermediateSize = 0,
            Experts = fields.Int("num_experts"),
            ExpertIntermediateSize = common.IntermediateSize,
            LayerKinds = LayerKinds.All(new() { HasExperts = true, HeadNorms = HeadNormKind.AllHeads }),
        };
    }
}
