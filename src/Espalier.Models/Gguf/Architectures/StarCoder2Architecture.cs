using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>starcoder2</c>: LayerNorm with biases, GELU without a gate, and a bias of every projection, some of which it
/// insists on. It applies no window, which therefore ends the context.
/// </summary>
internal sealed class StarCoder2Architecture() : GgufArchitecture("starcoder2")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, InputNormBias, .. BiasedAttention, PostAttentionNorm, PostAttentionNormBias, .. BiasedPlainMlp, FinalNorm,
            FinalNormBias, Head]);

    protected override NormKind Norm => NormKind.LayerNorm;

    protected override LayerKind Layer { get; } = new() { Activation = ActivationKind.Gelu };

    protected override bool WantsFullWidth => true;

    protected override string? OwnObjection(DecoderConfig config) => config.AttentionOutputBias && config.MlpBias ? null
        : $"the architecture {Name} needs biases for all projections; this model has none";
}
