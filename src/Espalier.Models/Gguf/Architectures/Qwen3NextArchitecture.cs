using System.Text.Json.Nodes;
using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen3next</c> (Qwen3-Next): linear attention, attention with a gate, and in every layer a mixture of experts
/// with one more that every token goes to.
/// </summary>
internal sealed class Qwen3NextArchitecture : GatedDeltaArchitecture
{
    /// <inheritdoc/>
    public override string Name => "qwen3next";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["qwen3_next"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight#heads:query"),
        (QueryGateProjection, "blk.{layer}.attn_q.weight#heads:gate"),
        (QueryNorm, "blk.{layer}.attn_q_norm.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyNorm, "blk.{layer}.attn_k_norm.weight"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (DeltaQueryProjection, "blk.{layer}.attn_qkv.weight#q"),
        (DeltaKeyProjection, "blk.{layer}.attn_qkv.weight#k"),
        (DeltaValueProjection, "blk.{layer}.attn_qkv.weight#v"),
        (DeltaGateProjection, "blk.{layer}.attn_gate.weight"),
        (DeltaStrengthProjection, "blk.{layer}.ssm_ba.weight#linear-key-heads:b"),
        (DeltaStepProjection, "blk.{layer}.ssm_ba.weight#linear-key-heads:a"),
        (DeltaQueryConvolution, "blk.{layer}.ssm_conv1d.weight#q"),
        (DeltaKeyConvolution, "blk.{layer}.ssm_conv1d.weight#k"),
        (DeltaValueConvolution, "blk.{layer}.ssm_conv1d.weight#v"),
        (DeltaStepBias, "blk.{layer}.ssm_dt.bias"),
        (DeltaLogDecay, "blk.{layer}.ssm_a"),
        (DeltaNorm, "blk.{layer}.ssm_norm.weight"),
        (DeltaOutputProjection, "blk.{layer}.ssm_out.weight"),
        (PostAttentionNorm, "blk.{layer}.post_attention_norm.weight"),
        (Router, "blk.{layer}.ffn_gate_inp.weight"),
        (ExpertGateProjection, "blk.{layer}.ffn_gate_exps.weight#{expert}"),
        (ExpertUpProjection, "blk.{layer}.ffn_up_exps.weight#{expert}"),
        (ExpertDownProjection, "blk.{layer}.ffn_down_exps.weight#{expert}"),
        (SharedGateProjection, "blk.{layer}.ffn_gate_shexp.weight"),
        (SharedUpProjection, "blk.{layer}.ffn_up_shexp.weight"),
        (SharedDownProjection, "blk.{layer}.ffn_down_shexp.weight"),
        (SharedExpertGate, "blk.{layer}.ffn_gate_inp_shexp.weight"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    protected override bool NormalizesExpertWeights => true;

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } =
        new() { HeadNorms = HeadNormKind.EachHead, HasAttentionGate = true, HasExperts = true, HasSharedExpert = true };

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "qwen3_next";

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        base.DescribeOwn(config, add);
        add("expert_feed_forward_length", (uint)config.ExpertIntermediateSize);
        add("expert_shared_feed_forward_length", (uint)config.SharedIntermediateSize);
    }

    /// <inheritdoc/>
    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        base.ReadOwn(keys, fields);
        fields["num_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
        fields["moe_intermediate_size"] = keys.Required("expert_feed_forward_length");
        fields["shared_expert_intermediate_size"] = keys.Required("expert_shared_feed_forward_length");
        fields["norm_topk_prob"] = true;
    }
}
