using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>stablelm</c>: LayerNorm with biases, SwiGLU, heads that turn in part.</summary>
internal sealed class StableLmArchitecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "stablelm";

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
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
        (PostAttentionNormBias, "blk.{layer}.ffn_norm.bias"),
        (GateProjection, "blk.{layer}.ffn_gate.weight"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (FinalNorm, "output_norm.weight"),
        (FinalNormBias, "output_norm.bias"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    public override bool WantsHead => true;

    /// <inheritdoc/>
    protected override NormKind Norm => NormKind.LayerNorm;

    /// <inheritdoc/>
    protected override bool TurnsPartly => true;

    /// <inheritdoc/>
    protected override bool WantsFullWidth => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add) => add("use_parallel_residual", false);
}
