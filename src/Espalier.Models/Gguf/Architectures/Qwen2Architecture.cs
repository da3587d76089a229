using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen2</c>: queries, keys and values have biases, and heads turn in halves as in the checkpoint.
/// </summary>
internal sealed class Qwen2Architecture() : GgufArchitecture("qwen2")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. BiasedQueriesKeysValues, OutputProjection, PostAttentionNorm, .. Mlp, FinalNorm, Head]);

    protected override bool WantsFullWidth => true;
}
