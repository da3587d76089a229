using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>qwen3</c>: each query and key head is normed before it turns; nothing has a bias.</summary>
internal sealed class Qwen3Architecture() : GgufArchitecture("qwen3")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryNorm, KeyProjection, KeyNorm, ValueProjection, OutputProjection, PostAttentionNorm,
            .. Mlp, FinalNorm, Head]);

    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.EachHead };
}
