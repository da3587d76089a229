using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Models.Rotary;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>gpt-oss</c>: every layer a mixture of experts with biases, a clamped unit and weights that add up to 1, a
/// sink for each query head, a window in every other layer from the first.
/// </summary>
internal sealed class GptOssArchitecture() : GgufArchitecture("gpt-oss", "gpt_oss")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, AttentionSinks, .. BiasedAttention, PostAttentionNorm, Router, RouterBias, ExpertGateProjection,
            ExpertGateProjectionBias, ExpertUpProjection, ExpertUpProjectionBias, ExpertDownProjection, ExpertDownProjectionBias, FinalNorm,
            Head],
        (PostAttentionNorm, "blk.{layer}.post_attention_norm.weight"));

    public override bool WantsHead => true;

    public override bool RoundsYarn => true;

    protected override LayerKind Layer { get; } =
        new() { HasExperts = true, HasSinks = true, Activation = ActivationKind.ClampedSwiGlu };

    protected override bool NormalizesExpertWeights => true;

    protected override string? OwnObjection(DecoderConfig config) => config.QueryKeyValueBias && config.AttentionOutputBias ? null
        : $"the architecture {Name} needs biases for q, k, v and o; this model has none";

    protected override int ContextLength(DecoderConfig config) =>
        WindowPeriod.OfEveryOther(config) is null ? base.ContextLength(config) : config.MaxPositions;

    protected override IEnumerable<string> OwnNotes(DecoderConfig config)
    {
        if (config.Rotary.Scaling is not RotaryScaling.Yarn { Truncates: false } yarn)
            yield break;
        var rounded = RotaryFrequencies.Of(config.Rotary with { Scaling = yarn with { Truncates = true } }, config.HeadDim);
        var most = RotaryFrequencies.Of(config.Rotary, config.HeadDim).Zip(rounded, (ours, theirs) => Math.Abs(theirs / ours - 1)).Max();
        if (most > 1e-6)
            yield return $"llama.cpp rounds the ends of YaRN's blend to whole pairs of a head, this model does not: frequencies "
                + $"differ "
                + FormattableString.Invariant($"by up to {100 * most:0.#} % there, as in every GGUF file of the family");
    }

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("expert_feed_forward_length", (uint)config.ExpertIntermediateSize);
        add("attention.sliding_window", (uint)(WindowPeriod.OfEveryOther(config) ?? config.MaxPositions));
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        fields["num_local_experts"] = keys.Required("expert_count");
        fields["num_experts_per_tok"] = keys.Required("expert_used_count");
        fields["intermediate_size"] = keys.Required("expert_feed_forward_length");
        fields["sliding_window"] = keys.Required("attention.sliding_window");
        LayerTypes.Write(Enumerable.Range(0, keys.Required("block_count")).Select(layer => layer % 2 == 0), fields);
        // No key says it: so the models of the family have it.
        if (fields["rope_scaling"] is JsonObject scaling && (string?)scaling["rope_type"] == "yarn")
            scaling["truncate"] = false;
        else
            fields["rope_scaling"] ??= new JsonObject { ["rope_type"] = "default" };
    }
}
