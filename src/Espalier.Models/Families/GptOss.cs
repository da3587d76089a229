using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// GPT-OSS (20B, 120B; arXiv 2508.10925): every layer a mixture of experts with biases and a clamped unit, a sink in the softmax of each
/// query head, a window in every second layer. The matrices of all experts are one tensor, transposed, gate and up taking turns.
/// </summary>
internal sealed class GptOss() : Family("gpt_oss", "GptOssForCausalLM")
{
    private const string Limit = "swiglu_limit", Scaling = "rope_scaling", Newer = "rope_parameters";

    // What the authors' own code calls it, beside transformers' name.
    private const string OtherChosen = "experts_per_token";

    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, AttentionSinks, .. BiasedAttention, Router, RouterBias, ExpertGateProjection, ExpertUpProjection,
            ExpertGateProjectionBias, ExpertUpProjectionBias, ExpertDownProjection, ExpertDownProjectionBias, InputNorm, PostAttentionNorm,
            FinalNorm, Head],
        (AttentionSinks, "model.layers.{layer}.self_attn.sinks"),
        (Router, "model.layers.{layer}.mlp.router.weight"),
        (RouterBias, "model.layers.{layer}.mlp.router.bias"),
        (ExpertGateProjection, "model.layers.{layer}.mlp.experts.gate_up_proj#transposed.{expert}.gate"),
        (ExpertUpProjection, "model.layers.{layer}.mlp.experts.gate_up_proj#transposed.{expert}.up"),
        (ExpertGateProjectionBias, "model.layers.{layer}.mlp.experts.gate_up_proj_bias#transposed.{expert}.gate"),
        (ExpertUpProjectionBias, "model.layers.{layer}.mlp.experts.gate_up_proj_bias#transposed.{expert}.up"),
        (ExpertDownProjection, "model.layers.{layer}.mlp.experts.down_proj#transposed.{expert}"),
        (ExpertDownProjectionBias, "model.layers.{layer}.mlp.experts.down_proj_bias#transposed.{expert}"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": true, "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": null, "head_dim": 64,
          "hidden_act": "silu", "hidden_size": 2880, "initializer_range": 0.02, "intermediate_size": 2880,
          "max_position_embeddings": 131072, "num_attention_heads": 64, "num_experts_per_tok": 4, "num_hidden_layers": 36,
          "num_key_value_heads": 8, "num_local_experts": 128, "output_router_logits": false, "pad_token_id": null,
          "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 150000.0, "router_aux_loss_coef": 0.001, "sliding_window": 128,
          "tie_word_embeddings": false, "use_cache": true, "vocab_size": 201088
        }
        """);

    protected override string? FieldOf(Axis axis, JsonObject fields) =>
        axis == Axis.Experts ? "num_local_experts" : axis == Axis.ExpertFfn ? "intermediate_size" : axis.Field;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        var full = new LayerKind
        {
            HasExperts = true,
            HasSinks = true,
            Activation = ActivationKind.ClampedSwiGlu,
            ActivationLimit = fields.OptionalDouble(Limit) ?? new LayerKind().ActivationLimit,
        };
        return common with
        {
            IntermediateSize = 0,
            Experts = fields.Int("num_local_experts"),
            ExpertIntermediateSize = common.IntermediateSize,
            NormalizesExpertWeights = true,
            RouterBias = true,
            ExpertBias = true,
            // As transformers' class has it where a file does not say.
            Rotary = fields.Says(Scaling) || fields.Object(Newer)?.Names.Any() == true ? common.Rotary
                : common.Rotary with { Scaling = new RotaryScaling.Yarn(32, 32, 1, 4096, 0.1 * Math.Log(32) + 1) { Truncates = false } },
            LayerKinds = LayerKinds.Of(LayerTypes.Windows(fields, common.Layers, layer => layer % 2 == 0)
                .Select(window => full with { SlidingWindow = window })),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        if (fields.ContainsKey(OtherChosen))
            ConfigJson.Set(fields, OtherChosen, target.ExpertsPerToken);
        var limit = target.LayerKinds[0].ActivationLimit;
        if (fields.ContainsKey(Limit) || limit != new LayerKind().ActivationLimit)
            ConfigJson.SetFloat(fields, Limit, limit);
        if (fields[Scaling] is null && fields[Newer] is null && target.Rotary.Scaling is not null)
            fields[Scaling] = ConfigJson.Object("""
                {
                  "beta_fast": 32.0, "beta_slow": 1.0, "factor": 32.0, "original_max_position_embeddings": 4096, "rope_type": "yarn",
                  "truncate": false
                }
                """);
        LayerTypes.Write(target, fields);
    }
}
