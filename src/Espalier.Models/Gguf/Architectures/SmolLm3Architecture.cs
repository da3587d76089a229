using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>smollm3</c>: that of Llama, with queries and keys that do not turn in every fourth layer.
/// </summary>
internal sealed class SmolLm3Architecture : GgufArchitecture
{
    // A number of llama.cpp's, which has no key.
    private const int Step = 4;

    /// <inheritdoc/>
    public override string Name => "smollm3";

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryProjectionBias, "blk.{layer}.attn_q.bias"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyProjectionBias, "blk.{layer}.attn_k.bias"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (ValueProjectionBias, "blk.{layer}.attn_v.bias"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (OutputProjectionBias, "blk.{layer}.attn_output.bias"),
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
        (GateProjection, "blk.{layer}.ffn_gate.weight"),
        (GateProjectionBias, "blk.{layer}.ffn_gate.bias"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (UpProjectionBias, "blk.{layer}.ffn_up.bias"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (DownProjectionBias, "blk.{layer}.ffn_down.bias"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    public override bool TurnsNeighbours => true;

    /// <inheritdoc/>
    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { IsRotary = true };

    /// <inheritdoc/>
    protected override string? OwnObjection(DecoderConfig config) =>
        Enumerable.Range(0, config.Layers).All(layer => config.LayerKinds[layer].IsRotary == ((layer + 1) % Step != 0)) ? null
            : $"the architecture {Name} turns all layers but every {Step}th, and this model's "
                + $"{config.LayerKinds.Count(kind => !kind.IsRotary)} that do not turn stand otherwise; choose layers that do, or keep all of them";

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }
}
