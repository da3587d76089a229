using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>
/// The names that parameters have in most families, those of Llama and of what came after it in transformers. A family lists what it has,
/// and the names in which it differs (<see cref="ParameterTable"/>).
/// </summary>
internal static class CommonNames
{
    public static readonly IReadOnlyDictionary<ParameterRole, string> All = new Dictionary<ParameterRole, string>
    {
        [Embedding] = "model.embed_tokens.weight",
        [InputNorm] = "model.layers.{layer}.input_layernorm.weight",
        [InputNormBias] = "model.layers.{layer}.input_layernorm.bias",
        [QueryProjection] = "model.layers.{layer}.self_attn.q_proj.weight",
        [QueryProjectionBias] = "model.layers.{layer}.self_attn.q_proj.bias",
        [KeyProjection] = "model.layers.{layer}.self_attn.k_proj.weight",
        [KeyProjectionBias] = "model.layers.{layer}.self_attn.k_proj.bias",
        [ValueProjection] = "model.layers.{layer}.self_attn.v_proj.weight",
        [ValueProjectionBias] = "model.layers.{layer}.self_attn.v_proj.bias",
        [QueryNorm] = "model.layers.{layer}.self_attn.q_norm.weight",
        [KeyNorm] = "model.layers.{layer}.self_attn.k_norm.weight",
        [QueryRowNorm] = "model.layers.{layer}.self_attn.q_norm.weight",
        [KeyRowNorm] = "model.layers.{layer}.self_attn.k_norm.weight",
        [OutputProjection] = "model.layers.{layer}.self_attn.o_proj.weight",
        [OutputProjectionBias] = "model.layers.{layer}.self_attn.o_proj.bias",
        [AttentionOutputNorm] = "model.layers.{layer}.post_attention_layernorm.weight",
        [PostAttentionNorm] = "model.layers.{layer}.post_attention_layernorm.weight",
        [PostAttentionNormBias] = "model.layers.{layer}.post_attention_layernorm.bias",
        [GateProjection] = "model.layers.{layer}.mlp.gate_proj.weight",
        [GateProjectionBias] = "model.layers.{layer}.mlp.gate_proj.bias",
        [UpProjection] = "model.layers.{layer}.mlp.up_proj.weight",
        [UpProjectionBias] = "model.layers.{layer}.mlp.up_proj.bias",
        [DownProjection] = "model.layers.{layer}.mlp.down_proj.weight",
        [DownProjectionBias] = "model.layers.{layer}.mlp.down_proj.bias",
        [Router] = "model.layers.{layer}.mlp.gate.weight",
        [ExpertGateProjection] = "model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight",
        [ExpertUpProjection] = "model.layers.{layer}.mlp.experts.{expert}.up_proj.weight",
        [ExpertDownProjection] = "model.layers.{layer}.mlp.experts.{expert}.down_proj.weight",
        [SharedGateProjection] = "model.layers.{layer}.mlp.shared_expert.gate_proj.weight",
        [SharedUpProjection] = "model.layers.{layer}.mlp.shared_expert.up_proj.weight",
        [SharedDownProjection] = "model.layers.{layer}.mlp.shared_expert.down_proj.weight",
        [SharedExpertGate] = "model.layers.{layer}.mlp.shared_expert_gate.weight",
        [QueryGateProjection] = "model.layers.{layer}.self_attn.q_proj.weight#heads:gate",
        [QueryGateProjectionBias] = "model.layers.{layer}.self_attn.q_proj.bias#heads:gate",
        [DeltaQueryConvolution] = "model.layers.{layer}.linear_attn.conv1d.weight#q",
        [DeltaKeyConvolution] = "model.layers.{layer}.linear_attn.conv1d.weight#k",
        [DeltaValueConvolution] = "model.layers.{layer}.linear_attn.conv1d.weight#v",
        [DeltaStepBias] = "model.layers.{layer}.linear_attn.dt_bias",
        [DeltaLogDecay] = "model.layers.{layer}.linear_attn.A_log",
        [DeltaNorm] = "model.layers.{layer}.linear_attn.norm.weight",
        [DeltaOutputProjection] = "model.layers.{layer}.linear_attn.out_proj.weight",
        [MlpOutputNorm] = "model.layers.{layer}.post_feedforward_layernorm.weight",
        [FinalNorm] = "model.norm.weight",
        [FinalNormBias] = "model.norm.bias",
        [Head] = "lm_head.weight",
    };
}
