using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>nemotron</c>: LayerNorm with biases, squared ReLU without a gate, heads that turn in part.
/// </summary>
internal sealed class NemotronArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "nemotron";

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
    public override bool WantsHead => true;

    /// <inheritdoc/>
    protected override NormKind Norm => NormKind.LayerNorm1p;

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } = new() { Activation = ActivationKind.SquaredRelu };

    /// <inheritdoc/>
    protected override bool TurnsPartly => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }

    /// <inheritdoc/>
    public override float Shift(ParameterRole role) => role is InputNorm or PostAttentionNorm or FinalNorm ? 1 : 0;
}
