using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen3moe</c>: every layer a mixture of experts whose weights add up to 1; each query and key head is normed.
/// </summary>
internal sealed class Qwen3MoeArchitecture() : GgufArchitecture("qwen3moe", "qwen3_moe")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryNorm, KeyProjection, KeyNorm, ValueProjection, OutputProjection, PostAttentionNorm,
            .. Experts, FinalNorm, Head]);

    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.EachHead, HasExperts = true };

    protected override bool NormalizesExpertWeights => true;

    protected override IReadOnlyList<(string Key, Axis Axis)> OwnSizes =>
        [("expert_feed_forward_length", Axis.ExpertFfn)];
}
