using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen2moe</c>: every layer a mixture of experts whose weights are shares of all, with one more that every
/// token goes to; q, k and v have biases.
/// </summary>
internal sealed class Qwen2MoeArchitecture() : GgufArchitecture("qwen2moe", "qwen2_moe")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. BiasedQueriesKeysValues, OutputProjection, PostAttentionNorm, .. Experts, .. SharedMlp, FinalNorm,
            Head]);

    protected override LayerKind Layer { get; } = new() { HasExperts = true, HasSharedExpert = true };

    protected override string? OwnObjection(DecoderConfig config) => config.QueryKeyValueBias ? null
        : $"the architecture {Name} needs biases for q, k and v; this model has none";

    protected override IReadOnlyList<(string Key, Axis Axis)> OwnSizes =>
        [("expert_feed_forward_length", Axis.ExpertFfn), ("expert_shared_feed_forward_length", Axis.SharedFfn)];
}
