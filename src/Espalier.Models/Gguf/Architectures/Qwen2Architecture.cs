using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen2</c>: queries, keys and values have biases, and heads turn in halves as in the checkpoint.
/// </summary>
internal sealed class Qwen2Architecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "qwen2";

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
        (PostAttentionNorm, "blk.{layer}.ffn_norm.weight"),
        (GateProjection, "blk.{layer}.ffn_gate.weight"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    protected override bool WantsFullWidth => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }
}
