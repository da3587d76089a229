using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>llama.cpp's architecture <c>gemma2</c>: four norms in a block, caps, and a window in every other layer.</summary>
internal sealed class Gemma2Architecture() : GgufArchitecture("gemma2")
{
    // Far enough out that a cap does nothing: c · tanh(x / c) is x to float32's precision for any score and logit that occurs.
    private const double NoCap = 1e6;

    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, .. Attention, AttentionOutputNorm, PostAttentionNorm, .. Mlp, MlpOutputNorm, FinalNorm]);

    protected override NormKind Norm => NormKind.RmsNorm1p;

    protected override LayerKind Layer { get; } = new() { Norms = NormPlacement.Both, Activation = ActivationKind.GeGlu };

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { AttentionScale = null, ScoreCap = null };

    protected override int ContextLength(DecoderConfig config) =>
        WindowPeriod.OfEveryOther(config) is null ? base.ContextLength(config) : config.MaxPositions;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("attention.sliding_window", (uint)(WindowPeriod.OfEveryOther(config) ?? config.MaxPositions));
        add("attn_logit_softcapping", (float)(config.LayerKinds[0].ScoreCap ?? NoCap));
        add("final_logit_softcapping", (float)(config.LogitCap ?? NoCap));
    }

    public override float Shift(ParameterRole role) =>
        role is InputNorm or AttentionOutputNorm or PostAttentionNorm or MlpOutputNorm or FinalNorm ? 1 : 0;

    public override double Factor(ParameterRole role, DecoderConfig config)
    {
        if (role != QueryProjection)
            return 1;
        // llama.cpp has no key for what scores are multiplied by: it goes by the number of layers, 46 being the model of 27 billion.
        double head = config.HeadDim, assumed = 1 / Math.Sqrt(config.Layers == 46 ? config.HiddenSize / config.QueryHeads : head);
        return (config.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(head)) / assumed;
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["sliding_window"] = keys.Required("attention.sliding_window");
        fields["attn_logit_softcapping"] = Cap("attn_logit_softcapping");
        fields["final_logit_softcapping"] = Cap("final_logit_softcapping");
        // What llama.cpp multiplies scores by, which the file does not say.
        fields["query_pre_attn_scalar"] = keys.Required("block_count") == 46
            ? keys.Required("embedding_length") / keys.Required("attention.head_count") : keys.Required("attention.key_length");

        JsonNode? Cap(string key) => keys.Number(key) is { } cap and < NoCap ? JsonValue.Create(cap) : null;
    }
}
