using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen35</c> (Qwen3.5, dense): linear attention, whose value heads stand in an order of its own, and attention
/// with a gate, whose heads turn by three positions, which in text are one.
/// </summary>
internal sealed class Qwen35Architecture : GatedDeltaArchitecture
{
    /// <inheritdoc/>
    public override string Name => "qwen35";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Families { get; } = ["qwen3_5_text"];

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "token_embd.weight"),
        (InputNorm, "blk.{layer}.attn_norm.weight"),
        (QueryProjection, "blk.{layer}.attn_q.weight#heads:query"),
        (QueryGateProjection, "blk.{layer}.attn_q.weight#heads:gate"),
        (QueryNorm, "blk.{layer}.attn_q_norm.weight"),
        (KeyProjection, "blk.{layer}.attn_k.weight"),
        (KeyNorm, "blk.{layer}.attn_k_norm.weight"),
        (ValueProjection, "blk.{layer}.attn_v.weight"),
        (OutputProjection, "blk.{layer}.attn_output.weight"),
        (DeltaQueryProjection, "blk.{layer}.attn_qkv.weight#q"),
        (DeltaKeyProjection, "blk.{layer}.attn_qkv.weight#k"),
        (DeltaValueProjection, "blk.{layer}.attn_qkv.weight#v"),
        (DeltaGateProjection, "blk.{layer}.attn_gate.weight"),
        (DeltaStrengthProjection, "blk.{layer}.ssm_beta.weight"),
        (DeltaStepProjection, "blk.{layer}.ssm_alpha.weight"),
        (DeltaQueryConvolution, "blk.{layer}.ssm_conv1d.weight#q"),
        (DeltaKeyConvolution, "blk.{layer}.ssm_conv1d.weight#k"),
        (DeltaValueConvolution, "blk.{layer}.ssm_conv1d.weight#v"),
        (DeltaStepBias, "blk.{layer}.ssm_dt.bias"),
        (DeltaLogDecay, "blk.{layer}.ssm_a"),
        (DeltaNorm, "blk.{layer}.ssm_norm.weight"),
        (DeltaOutputProjection, "blk.{layer}.ssm_out.weight"),
        (PostAttentionNorm, "blk.{layer}.post_attention_norm.weight"),
        (GateProjection, "blk.{layer}.ffn_gate.weight"),
        (UpProjection, "blk.{layer}.ffn_up.weight"),
        (DownProjection, "blk.{layer}.ffn_down.weight"),
        (FinalNorm, "output_norm.weight"),
        (Head, "output.weight"));

    /// <inheritdoc/>
    public override bool TilesValueHeads => true;

    /// <inheritdoc/>
    public override string FamilyOf(GgufFile file) => "qwen3_5_text";

    /// <inheritdoc/>
    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        base.DescribeOwn(config, add);
        // Pairs turn by time, height and width in turn, as published (11, 11 and 10 of 32). A pair left over would turn by a fourth
        // position, which is 0 in text.
        var pairs = (uint)(config.HeadDim * config.Rotary.Fraction) / 2;
        add("rope.dimension_sections", new[] { (pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0u });
    }
}
