using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>starcoder2</c>: LayerNorm with biases, GELU without a gate, and a bias of every projection, some of which it
/// insists on. It applies no window, which therefore ends the context.
/// </summary>
internal sealed class StarCoder2Architecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "starcoder2";

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (InputNormBias, "blk.{layer}.attn_norm.bias"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryProjectionBias, "blk.{layer}.attn_q.bias"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyProjectionBias, "blk.{layer}.attn_k.bias"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (ValueProjectionBias, "blk.{layer}.attn_v.bias"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (OutputProjectionBias, "blk.{layer}.attn_output.bias"),
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
        (PostAttentionNormBias, "blk.{layer}.ffn_norm.bias"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (UpProjectionBias, "blk.{layer}.ffn_up.bias"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (DownProjectionBias, "blk.{layer}.ffn_down.bias"),
        (FinalNorm, "output_norm.weight"),
        (FinalNormBias, "output_norm.bias"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    protected override NormKind Norm => NormKind.LayerNorm;

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } = new() { Activation = ActivationKind.Gelu };

    /// <inheritdoc/>
    protected override bool WantsFullWidth => true;

    /// <inheritdoc/>
    protected override string? OwnObjection(DecoderConfig config) => config.AttentionOutputBias && config.MlpBias ? null
        : $"the architecture {Name} wants biases of all projections; this model has none";

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }
}
