using System.Text.Json.Nodes;
using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>llama</c> with experts: Mixtral.</summary>
internal sealed class MixtralArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "llama";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["mixtral"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
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
    public override bool TurnsNeighbours => true;

    /// <inheritdoc/>
    public override bool ReadsRotaryFactors => true;

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } = new() { HasExperts = true };

    /// <inheritdoc/>
    protected override bool NormalizesExpertWeights => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }

    /// <inheritdoc/>
    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_local_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
    }

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "mixtral";

    /// <inheritdoc/>
    public override bool Reads(GgufKeys keys) => keys.Whole("expert_count") > 0;
}
