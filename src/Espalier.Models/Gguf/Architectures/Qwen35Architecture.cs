using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>qwen35</c> (Qwen3.5, dense): linear attention, whose value heads stand in an order of its own, and attention
/// with a gate, whose heads turn by three positions, which in text are one.
/// </summary>
internal sealed class Qwen35Architecture() : GatedDeltaArchitecture("qwen35", "qwen3_5_text")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryGateProjection, QueryNorm, KeyProjection, KeyNorm, ValueProjection, OutputProjection,
            .. LinearAttention, PostAttentionNorm, .. Mlp, FinalNorm, Head],
        (QueryProjection, "blk.{layer}.attn_q.weight#heads:query"),
        (PostAttentionNorm, "blk.{layer}.post_attention_norm.weight"));

    public override bool TilesValueHeads => true;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        base.DescribeOwn(config, add);
        // Pairs turn by time, height and width in turn, as published (11, 11 and 10 of 32). A pair left over would turn by a fourth
        // position, which is 0 in text.
        var pairs = (uint)(config.HeadDim * config.Rotary.Fraction) / 2;
        add("rope.dimension_sections", new[] { (pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0u });
    }
}
