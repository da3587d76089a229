using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>smollm3</c>: that of Llama, with queries and keys that do not turn in every fourth layer.
/// </summary>
internal sealed class SmolLm3Architecture() : GgufArchitecture("smollm3")
{
    // A number of llama.cpp's, which has no key.
    private const int Step = 4;

    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. BiasedAttention, PostAttentionNorm, .. BiasedMlp, FinalNorm, Head]);

    public override bool TurnsNeighbours => true;

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { IsRotary = true };

    protected override string? OwnObjection(DecoderConfig config) =>
        Enumerable.Range(0, config.Layers).All(layer => config.LayerKinds[layer].IsRotary == ((layer + 1) % Step != 0)) ? null
            : $"the architecture {Name} has rotary embeddings in all layers but every {Step}th, and this model's "
                + $"{config.LayerKinds.Count(kind => !kind.IsRotary)} layers without them are elsewhere; choose layers that fit, or "
                + "keep all of them";
}
