using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>olmoe</c>: every layer a mixture of experts whose weights are shares of all; queries and keys are normed
/// over all heads.
/// </summary>
internal sealed class OlmoeArchitecture() : GgufArchitecture("olmoe")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryRowNorm, KeyProjection, KeyRowNorm, ValueProjection, OutputProjection,
            PostAttentionNorm, .. Experts, FinalNorm, Head]);

    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.AllHeads, HasExperts = true };

    protected override bool WantsFullWidth => true;
}
