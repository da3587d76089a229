using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>olmo2</c>: norms after each half of a block, queries and keys normed over all heads; of OLMo-3 a window in
/// all layers but every so manieth, whose frequencies are not scaled.
/// </summary>
internal sealed class Olmo2Architecture() : GgufArchitecture("olmo2", "olmo2", "olmo3")
{
    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, QueryProjection, QueryRowNorm, KeyProjection, KeyRowNorm, ValueProjection, OutputProjection, AttentionOutputNorm,
            .. Mlp, MlpOutputNorm, FinalNorm, Head]);

    public override bool WantsHead => true;

    protected override LayerKind Layer { get; } = new() { Norms = NormPlacement.After, HeadNorms = HeadNormKind.AllHeads };

    protected override bool WantsFullWidth => true;

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind) with { Rotary = null };

    protected override string? OwnObjection(DecoderConfig config) =>
        config.LayerKinds.Any(kind => (kind.Rotary ?? config.Rotary) != (kind.SlidingWindow is null
            ? config.Rotary
            : config.Rotary with { Scaling = null }))
            ? $"the architecture {Name} scales only the frequencies of layers without a window"
            : WindowPeriod.Objection(config, Name);

    protected override int ContextLength(DecoderConfig config) => config.MaxPositions;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        if (config.LayerKinds.All(kind => kind.SlidingWindow is null))
            return;
        add("attention.sliding_window", WindowPeriod.Window(config));
        add("attention.sliding_window_pattern", (uint)WindowPeriod.Of(config)!.Value);
    }

    public override string FamilyOf(GgufFile file) =>
        new GgufKeys(file, Name).Whole("attention.sliding_window") is null or 0 ? "olmo2" : "olmo3";

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        if (keys.Whole("attention.sliding_window") is not (> 0 and var window))
            return;
        var period = keys.Whole("attention.sliding_window_pattern") ?? 4;
        fields["sliding_window"] = window;
        LayerTypes.Write(Enumerable.Range(0, keys.Required("block_count")).Select(layer => layer % period < period - 1), fields);
    }
}
