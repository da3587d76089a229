using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Mixtral 8x7B and 8x22B: every layer a mixture of experts, whose weights are a softmax over the chosen ones.</summary>
internal sealed class Mixtral() : Family("mixtral", "MixtralForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. Attention, Router, ExpertGateProjection, ExpertDownProjection, ExpertUpProjection, InputNorm, PostAttentionNorm,
            FinalNorm, Head],
        (Router, "model.layers.{layer}.block_sparse_moe.gate.weight"),
        (ExpertGateProjection, "model.layers.{layer}.block_sparse_moe.experts.{expert}.w1.weight"),
        (ExpertDownProjection, "model.layers.{layer}.block_sparse_moe.experts.{expert}.w2.weight"),
        (ExpertUpProjection, "model.layers.{layer}.block_sparse_moe.experts.{expert}.w3.weight"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "head_dim": null, "hidden_act": "silu", "hidden_size": 4096,
          "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 131072, "num_attention_heads": 32,
          "num_experts_per_tok": 2, "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
          "output_router_logits": false, "pad_token_id": null, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0,
          "router_aux_loss_coef": 0.001, "router_jitter_noise": 0.0, "sliding_window": null, "tie_word_embeddings": false,
          "use_cache": true, "vocab_size": 32000
        }
        """);

    protected override bool FillsHeadDim => false;

    protected override string? FieldOf(Axis axis, JsonObject fields) =>
        axis == Axis.Experts ? "num_local_experts" : axis == Axis.ExpertFfn ? "intermediate_size" : axis.Field;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        IntermediateSize = 0,
        Experts = fields.Int("num_local_experts"),
        ExpertIntermediateSize = common.IntermediateSize,
        NormalizesExpertWeights = true,
        LayerKinds = LayerKinds.All(new() { HasExperts = true, SlidingWindow = fields.OptionalInt("sliding_window") }),
    };

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) =>
        ConfigJson.Set(fields, "sliding_window", target.LayerKinds[0].SlidingWindow);
}
