using System.Text.Json.Nodes;
using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen3moe</c>: every layer a mixture of experts whose weights add up to 1; each query and key head is normed.
/// </summary>
internal sealed class Qwen3MoeArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "qwen3moe";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["qwen3_moe"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryNorm, "blk.{layer}.attn_q_norm.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyNorm, "blk.{layer}.attn_k_norm.weight"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
        (Router, "blk.{layer}.ffn_gate_inp.weight"),
        (ExpertGateProjection, "blk.{layer}.ffn_gate_exps.weight#{expert}"),
        (ExpertUpProjection, "blk.{layer}.ffn_up_exps.weight#{expert}"),
        (ExpertDownProjection, "blk.{layer}.ffn_down_exps.weight#{expert}"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.EachHead, HasExperts = true };

    /// <inheritdoc/>
    protected override bool NormalizesExpertWeights => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add) =>
        add("expert_feed_forward_length", (uint)config.ExpertIntermediateSize);

    /// <inheritdoc/>
    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
        fields["moe_intermediate_size"] = keys.Required("expert_feed_forward_length");
        fields["norm_topk_prob"] = true;
    }

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "qwen3_moe";
}
