using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>phi3</c>: one tensor for queries, keys and values, one for gate and up. It does not apply the window that
/// its files may have, which therefore ends the context.
/// </summary>
internal sealed class Phi3Architecture() : GgufArchitecture("phi3")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. Attention, PostAttentionNorm, .. Mlp, FinalNorm, Head],
        (QueryProjection, "blk.{layer}.attn_qkv.weight#q"),
        (KeyProjection, "blk.{layer}.attn_qkv.weight#k"),
        (ValueProjection, "blk.{layer}.attn_qkv.weight#v"),
        (GateProjection, "blk.{layer}.ffn_up.weight#gate"),
        (UpProjection, "blk.{layer}.ffn_up.weight#up"));

    protected override bool TurnsPartly => true;

    protected override bool ReadsLongFactors => true;

    protected override bool WantsFullWidth => true;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        if (config.LayerKinds[0].SlidingWindow is { } window)
            add("attention.sliding_window", (uint)window);
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        if (keys.Whole("attention.sliding_window") is > 0 and var window)
            fields["sliding_window"] = window;
    }
}
