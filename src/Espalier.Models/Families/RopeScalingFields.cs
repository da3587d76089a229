namespace Espalier.Models.Families;

/// <summary>Reads <c>rope_scaling</c> as transformers does; writing keeps the source's object.</summary>
internal static class RopeScalingFields
{
    private const string Known = "default, linear, llama3, yarn";

    /// <summary>The scaling that the config asks for; null for plain frequencies.</summary>
    public static RotaryScaling? Read(ConfigFields config, int maxPositions)
    {
        if (config.Object("rope_scaling") is not { } scaling)
            return null;
        // Older files say "type"; where both stand, transformers reads "rope_type".
        var key = scaling.IsGiven("rope_type") ? "rope_type" : "type";
        return scaling.Text(key) switch
        {
            "default" => null,
            "linear" => new RotaryScaling.Linear(Factor(scaling)),
            "llama3" => Llama3(scaling),
            "yarn" => Yarn(scaling, maxPositions),
            _ => throw scaling.Wrong(key, $"this rotary scaling is not supported; known are {Known}"),
        };
    }

    private static double Factor(ConfigFields scaling)
    {
        var factor = scaling.Positive("factor");
        return factor >= 1 ? factor : throw scaling.Wrong("factor", "it must be at least 1");
    }

    private static RotaryScaling.Llama3 Llama3(ConfigFields scaling)
    {
        var (low, high) = (scaling.Positive("low_freq_factor"), scaling.Positive("high_freq_factor"));
        if (high <= low)
            throw scaling.Wrong("high_freq_factor", $"it must be above low_freq_factor, which is {low}");
        return new(Factor(scaling), low, high, scaling.Int("original_max_position_embeddings"));
    }

    private static RotaryScaling.Yarn Yarn(ConfigFields scaling, int maxPositions)
    {
        if (scaling.IsGiven("truncate") && !scaling.Bool("truncate"))
            throw scaling.Wrong("truncate", "only yarn with truncated bounds (true, the default) is supported");
        var factor = Factor(scaling);
        var original = scaling.OptionalInt("original_max_position_embeddings");
        // Where both are given, releases of transformers disagree on which counts: 4.57 takes the ratio, later ones the factor.
        if (original is { } o && Math.Abs((double)maxPositions / o - factor) > 1e-6 * factor)
            throw scaling.Wrong("factor", $"max_position_embeddings {maxPositions} / original_max_position_embeddings {o} is {(double)maxPositions / o}; make them agree");

        var (mscale, allDims) = (scaling.OptionalDouble("mscale") ?? 0, scaling.OptionalDouble("mscale_all_dim") ?? 0);
        var attention = scaling.OptionalDouble("attention_factor")
            ?? (mscale != 0 && allDims != 0 ? Scale(factor, mscale) / Scale(factor, allDims) : Scale(factor, 1));
        return new(factor, OrDefault(scaling.OptionalDouble("beta_fast"), 32), OrDefault(scaling.OptionalDouble("beta_slow"), 1),
            original ?? maxPositions, attention);
    }

    // arXiv 2309.00071, equation 22; Python's "or" reads 0 as absent.
    private static double Scale(double factor, double mscale) => factor <= 1 ? 1 : 0.1 * mscale * Math.Log(factor) + 1;

    private static double OrDefault(double? value, double otherwise) => value is null or 0 ? otherwise : value.Value;
}
