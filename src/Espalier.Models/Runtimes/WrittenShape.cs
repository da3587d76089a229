using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Runtimes;

/// <summary>The fields of a <c>config.json</c> that other programs take the shapes of attention from, as they stand in the file.</summary>
/// <param name="Family">The model's family.</param>
/// <param name="Hidden">hidden_size.</param>
/// <param name="Heads">num_attention_heads.</param>
/// <param name="HeadDim">head_dim; null where absent or null.</param>
/// <param name="RotaryFraction">partial_rotary_factor; 1 where absent.</param>
/// <param name="OlderRotary">How positions turn for a program that does not know rope_parameters.</param>
/// <param name="LongFactors">Factors in a list of LongRoPE's; null without it.</param>
/// <param name="SaysExperts">Whether num_experts_per_tok is there, though no layer of the model is a mixture of experts.</param>
/// <param name="Delta">Sizes of linear attention; null where no layer is that.</param>
/// <param name="IntervalHolds">Whether full_attention_interval says the same of the layers as layer_types.</param>
internal sealed record WrittenShape(Family Family, int Hidden, int Heads, int? HeadDim, double RotaryFraction,
    RotaryConfig OlderRotary, int? LongFactors, bool SaysExperts, DeltaConfig? Delta, bool IntervalHolds)
{
    /// <summary>What a program takes for head_dim that does not know the field.</summary>
    public int Quotient => Hidden / Heads;

    /// <summary>Reads the fields that the family's own reader has checked already.</summary>
    public static WrittenShape Of(Family family, DecoderConfig config, JsonObject written) => new(
        family, config.HiddenSize, config.QueryHeads,
        ConfigJson.Number(written["head_dim"]) is { } headDim ? (int)headDim
            : null, config.Rotary.Fraction, family.OlderRotary(written, config.MaxPositions),
        (config.Rotary.Scaling as LongRope)?.Short.Count, config.LayersWithExperts == 0 && written.ContainsKey("num_experts_per_tok"),
        config.LayerKinds.Any(kind => kind.HasDelta) ? config.Delta : null, LinearLayers.IntervalHolds(config, written));
}
