using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>gemma3</c>: four norms in a block, norms of heads, and a window in all layers but every so manieth, which
/// turn by a base of their own.
/// </summary>
internal sealed class Gemma3Architecture() : GgufArchitecture("gemma3", "gemma3_text")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, QueryProjection, QueryNorm, KeyProjection, KeyNorm, ValueProjection, OutputProjection, AttentionOutputNorm,
            PostAttentionNorm, .. Mlp, MlpOutputNorm, FinalNorm]);

    protected override NormKind Norm => NormKind.RmsNorm1p;

    protected override LayerKind Layer { get; } =
        new() { Norms = NormPlacement.Both, Activation = ActivationKind.GeGlu, HeadNorms = HeadNormKind.EachHead };

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { AttentionScale = null, Rotary = null };

    protected override string? OwnObjection(DecoderConfig config) =>
        config.LogitCap is { } cap ? $"the architecture {Name} has no logit cap; this model's is {cap}"
            : config.Rotaries.Skip(1).Any(rotary => rotary.Scaling is not null)
            ? $"the architecture {Name} scales only the frequencies of layers without a window"
            : WindowPeriod.Objection(config, Name);

    protected override int ContextLength(DecoderConfig config) => config.MaxPositions;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("attention.sliding_window", WindowPeriod.Window(config));
        add("attention.sliding_window_pattern", (uint)WindowPeriod.Of(config)!.Value);
        add("rope.freq_base_swa", (float)config.Rotaries[^1].Theta);
    }

    public override float Shift(ParameterRole role) =>
        role is InputNorm or AttentionOutputNorm or PostAttentionNorm or MlpOutputNorm or FinalNorm or QueryNorm or KeyNorm ? 1 : 0;

    public override double Factor(ParameterRole role, DecoderConfig config)
    {
        // After the projection heads are normed: what scores are multiplied by can only be in the norm.
        if (role != QueryNorm)
            return 1;
        // llama.cpp has no key for it: it goes by the number of layers, 62 being the model of 27 billion.
        double head = config.HeadDim, assumed = 1 / Math.Sqrt(config.Layers == 62 ? config.HiddenSize / config.QueryHeads : head);
        return (config.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(head)) / assumed;
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["sliding_window"] = keys.Required("attention.sliding_window");
        fields["sliding_window_pattern"] = keys.Whole("attention.sliding_window_pattern") ?? 6;
        fields["rope_local_base_freq"] = keys.Number("rope.freq_base_swa") ?? 10000;
        // What llama.cpp multiplies scores by, which the file does not say.
        fields["query_pre_attn_scalar"] = keys.Required("block_count") == 62
            ? keys.Required("embedding_length") / keys.Required("attention.head_count") : keys.Required("attention.key_length");
    }
}
