using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>olmo2</c>: norms after each half of a block, queries and keys normed over all heads.</summary>
internal sealed class Olmo2Architecture : GgufArchitecture
{
    /// <inheritdoc/>
    public override string Name => "olmo2";

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight"),
        (QueryRowNorm, "blk.{layer}.attn_q_norm.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyRowNorm, "blk.{layer}.attn_k_norm.weight"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (AttentionOutputNorm, "blk.{layer}.post_attention_norm.weight"),
        (GateProjection, "blk.{layer}.ffn_gate.weight"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (MlpOutputNorm, "blk.{layer}.post_ffw_norm.weight"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    public override bool WantsHead => true;

    /// <inheritdoc/>
    protected override LayerKind Layer { get; } = new() { Norms = NormPlacement.After, HeadNorms = HeadNormKind.AllHeads };

    /// <inheritdoc/>
    protected override bool WantsFullWidth => true;

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
    }
}
