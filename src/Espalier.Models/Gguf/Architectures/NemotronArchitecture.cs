using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>nemotron</c>: LayerNorm with biases, squared ReLU without a gate, heads that turn in part.
/// </summary>
internal sealed class NemotronArchitecture() : GgufArchitecture("nemotron")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, InputNormBias, .. BiasedAttention, PostAttentionNorm, PostAttentionNormBias, .. BiasedPlainMlp, FinalNorm,
            FinalNormBias, Head]);

    public override bool WantsHead => true;

    protected override NormKind Norm => NormKind.LayerNorm1p;

    protected override LayerKind Layer { get; } = new() { Activation = ActivationKind.SquaredRelu };

    protected override bool TurnsPartly => true;

    public override float Shift(ParameterRole role) => role is InputNorm or PostAttentionNorm or FinalNorm ? 1 : 0;
}
