namespace Espalier.Models.Families;

/// <summary>What of a config's rotary embedding releases of the usual programs read differently.</summary>
internal static class RotaryNotes
{
    /// <summary>A sentence where layers with a window are not scaled and the others are, which some releases compute otherwise.</summary>
    public static string? OfUnscaledWindows(DecoderConfig config) =>
        config.Family != "olmo3" || config.Rotaries.Count == 1 ? null
        : "only the frequencies of layers without a window are scaled here, as in transformers 4.57, vLLM and llama.cpp; "
            + "transformers 5.0 to 5.12 scales those of all layers";

    /// <summary>A sentence where YaRN's factor and the ratio of the lengths differ, and both are given; null elsewhere.</summary>
    public static string? OfYarn(DecoderConfig config, JsonObject raw)
    {
        if (config.Rotary.Scaling is not RotaryScaling.Yarn yarn
            || (raw["rope_scaling"] as JsonObject)?["original_max_position_embeddings"] is null || raw["rope_scaling"]!["factor"] is null)
            return null;
        var ratio = (double)config.MaxPositions / yarn.OriginalMaxPositions;
        return Math.Abs(ratio - yarn.Factor) <= 1e-6 * yarn.Factor ? null : string.Create(CultureInfo.InvariantCulture,
            $"YaRN's factor {yarn.Factor} is used here, as in transformers 5, vLLM and llama.cpp; "
                + $"transformers 4.57 takes max_position_embeddings {config.MaxPositions} / "
                + $"original_max_position_embeddings {yarn.OriginalMaxPositions} = {ratio:0.###} in its place");
    }
}
