using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>stablelm</c>: LayerNorm with biases, SwiGLU, heads that turn in part.</summary>
internal sealed class StableLmArchitecture() : GgufArchitecture("stablelm")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, InputNormBias, .. BiasedQueriesKeysValues, OutputProjection, PostAttentionNorm, PostAttentionNormBias,
            .. Mlp, FinalNorm, FinalNormBias, Head]);

    public override bool WantsHead => true;

    protected override NormKind Norm => NormKind.LayerNorm;

    protected override bool TurnsPartly => true;

    protected override bool WantsFullWidth => true;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add) => add("use_parallel_residual", false);
}
