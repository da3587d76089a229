using System.Text.Json.Nodes;
using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen2moe</c>: every layer a mixture of experts whose weights are shares of all, with one more that every
/// token goes to; q, k and v have biases.
/// </summary>
internal sealed class Qwen2MoeArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "qwen2moe";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["qwen2_moe"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryProjectionBias, "blk.{layer}.attn_q.bias"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyProjectionBias, "blk.{layer}.attn_k.bias"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (ValueProjectionBias, "blk.{layer}.attn_v.bias"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
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
    protected override LayerKind Layer { get; } = new() { HasExperts = true, HasSharedExpert = true };

    /// <inheritdoc/>
    protected override string? OwnObjection(DecoderConfig config) => config.QueryKeyValueBias ? null
        : $"the architecture {Name} has biases of q, k and v; this model has none";

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("expert_feed_forward_length", (uint)config.ExpertIntermediateSize);
        add("expert_shared_feed_forward_length", (uint)config.SharedIntermediateSize);
    }

    /// <inheritdoc/>
    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
        fields["moe_intermediate_size"] = keys.Required("expert_feed_forward_length");
        fields["shared_expert_intermediate_size"] = keys.Required("expert_shared_feed_forward_length");
        fields["norm_topk_prob"] = false;
    }

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "qwen2_moe";
}
