using System.Text.Json.Nodes;
using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>olmoe</c>: every layer a mixture of experts whose weights are shares of all; queries and keys are normed
/// over all heads.
/// </summary>
internal sealed class OlmoeArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "olmoe";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["olmoe"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryRowNorm, "blk.{layer}.attn_q_norm.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyRowNorm, "blk.{layer}.attn_k_norm.weight"),
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
    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.AllHeads, HasExperts = true };

    /// <inheritdoc/>
    protected override bool WantsFullWidth => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }

    /// <inheritdoc/>
    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
        fields["norm_topk_prob"] = false;
    }

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "olmoe";
}
