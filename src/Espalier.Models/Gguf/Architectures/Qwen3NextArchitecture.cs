using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen3next</c> (Qwen3-Next): linear attention, attention with a gate, and in every layer a mixture of experts
/// with one more that every token goes to.
/// </summary>
internal sealed class Qwen3NextArchitecture() : GatedDeltaArchitecture("qwen3next", "qwen3_next")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryGateProjection, QueryNorm, KeyProjection, KeyNorm, ValueProjection, OutputProjection,
            .. LinearAttention, PostAttentionNorm, .. Experts, .. SharedMlp, FinalNorm, Head],
        (QueryProjection, "blk.{layer}.attn_q.weight#heads:query"),
        (DeltaStrengthProjection, "blk.{layer}.ssm_ba.weight#linear-key-heads:b"),
        (DeltaStepProjection, "blk.{layer}.ssm_ba.weight#linear-key-heads:a"),
        (PostAttentionNorm, "blk.{layer}.post_attention_norm.weight"));

    protected override bool NormalizesExpertWeights => true;

    protected override LayerKind Layer { get; } =
        new() { HeadNorms = HeadNormKind.EachHead, HasAttentionGate = true, HasExperts = true, HasSharedExpert = true };

    protected override IReadOnlyList<(string Key, Axis Axis)> OwnSizes =>
        [("expert_feed_forward_length", Axis.ExpertFfn), ("expert_shared_feed_forward_length", Axis.SharedFfn)];
}
