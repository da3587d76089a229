namespace Espalier.Models.Families.Fields;

/// <summary>
/// Reads the object that names a scaling, <c>rope_scaling</c> or <c>rope_parameters</c>, as transformers does; writing keeps the source's
/// object.
/// </summary>
internal static class RopeScalingFields
{
    private const string Known = "default, linear, llama3, longrope, yarn";
    private const string Original = "original_max_position_embeddings", Amplitude = "attention_factor";

    // What cos and sin are multiplied by is near 1 in every model; scores of attention have its square.
    private const double MostAmplitude = 1000;

    private static readonly string[] s_values =
    [
        "factor", "low_freq_factor", "high_freq_factor", Original, Amplitude, "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
        "short_factor", "long_factor",
    ];

    /// <summary>Whether the object says anything of scaling: <c>rope_parameters</c> may hold theta alone.</summary>
    public static bool IsSaid(ConfigFields scaling) => scaling.Says("rope_type") || scaling.Says("type") || s_values.Any(scaling.Says);

    /// <summary>The scaling that the object asks for; null for plain frequencies.</summary>
    public static RotaryScaling? Read(ConfigFields scaling, ConfigFields config, int maxPositions)
    {
        // Older files say "type".
        var (newer, older) = (scaling.Text("rope_type"), scaling.Text("type"));
        if (newer is not null && older is not null && newer != older)
            throw scaling.Wrong("rope_type", $"type is \"{older}\"; keep one of them");
        var key = newer is not null || (older is null && scaling.IsGiven("rope_type")) ? "rope_type" : "type";
        return (newer ?? older) switch
        {
            "default" => null,
            "linear" => new RotaryScaling.Linear(Factor(scaling)),
            "llama3" => Llama3(scaling, config),
            // "su" in Phi-3's first files.
            "longrope" or "su" => LongRope(scaling, config, maxPositions),
            // Phi-3's first files have it so; transformers 5 takes it for longrope, programs of that time did not.
            "yarn" when scaling.IsGiven("long_factor") => throw scaling.Wrong(key, "long_factor belongs to longrope; keep the one "
                + "that is meant"),
            "yarn" => Yarn(scaling, config, maxPositions),
            _ => throw scaling.Wrong(key, $"this rotary scaling is not supported; known: {Known}"),
        };
    }

    private static double Factor(ConfigFields scaling)
    {
        var factor = scaling.Positive("factor");
        return factor >= 1 ? factor : throw scaling.Wrong("factor", "it must be at least 1");
    }

    private static RotaryScaling.Llama3 Llama3(ConfigFields scaling, ConfigFields config)
    {
        var (low, high) = (scaling.Positive("low_freq_factor"), scaling.Positive("high_freq_factor"));
        if (high <= low)
            throw scaling.Wrong("high_freq_factor", $"it must be above low_freq_factor, which is {low}");
        return new(Factor(scaling), low, high, OriginalOf(scaling, config) ?? scaling.Int(Original));
    }

    // As transformers 5 has it: a factor that is given counts, else the ratio of the lengths.
    private static LongRope LongRope(ConfigFields scaling, ConfigFields config, int maxPositions)
    {
        var original = OriginalOf(scaling, config) ?? scaling.Int(Original);
        if (original < 2)
            throw scaling.Wrong(Original, "it must be at least 2");
        var factor = Given(scaling, "factor") ?? (double)maxPositions / original;
        var attention = GivenAmplitude(scaling) ?? AmplitudeOf(factor, original);
        return new(scaling.PositiveNumbers("short_factor"), scaling.PositiveNumbers("long_factor"), original, attention);
    }

    /// <summary>What cos and sin are multiplied by in LongRoPE where the config does not say.</summary>
    public static double AmplitudeOf(double factor, int original) =>
        factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original));

    private static RotaryScaling.Yarn Yarn(ConfigFields scaling, ConfigFields config, int maxPositions)
    {
        var original = OriginalOf(scaling, config);
        // A factor that is given counts, whatever the ratio of the lengths is: so the model pages of Qwen mean it, and so transformers 5,
        // vLLM and llama.cpp
        // read it. transformers 4.57 takes the ratio (RotaryNotes says so).
        var factor = !scaling.Says("factor") && original is { } o ? (double)maxPositions / o : Factor(scaling);
        if (factor < 1)
            throw scaling.Wrong(Original, $"it must be at most max_position_embeddings, which is {maxPositions}");

        var (mscale, allDims) = (scaling.OptionalDouble("mscale") ?? 0, scaling.OptionalDouble("mscale_all_dim") ?? 0);
        var attention = GivenAmplitude(scaling)
            ?? (mscale != 0 && allDims != 0 ? Scale(factor, mscale) / Scale(factor, allDims) : Scale(factor, 1));
        return new(factor, OrDefault(scaling.OptionalDouble("beta_fast"), 32), OrDefault(scaling.OptionalDouble("beta_slow"), 1),
            original ?? maxPositions, attention)
        {
            Truncates = !scaling.IsGiven("truncate") || scaling.Bool("truncate"),
        };
    }

    /// <summary>
    /// The length that the model was trained with; some files have it beside the object, where transformers 5 reads it too.
    /// </summary>
    private static int? OriginalOf(ConfigFields scaling, ConfigFields config)
    {
        var (inside, beside) = (scaling.OptionalInt(Original), config.IsGiven(Original) ? config.OptionalInt(Original) : null);
        return inside is { } i && beside is { } b && i != b
            ? throw scaling.Wrong(Original, $"{Original} at the top level is {b}; keep one of them")
            : inside ?? beside;
    }

    private static double? GivenAmplitude(ConfigFields scaling) => Given(scaling, Amplitude) is not { } amplitude ? null
        : amplitude is >= 1 / MostAmplitude and <= MostAmplitude ? amplitude
        : throw scaling.Wrong(Amplitude, $"it must be from {1 / MostAmplitude} to {MostAmplitude}: cos and sin are multiplied by it");

    // A number above 0 where there is one.
    private static double? Given(ConfigFields scaling, string name) =>
        scaling.OptionalDouble(name) is null ? null : scaling.Positive(name);

    // arXiv 2309.00071, equation 22; Python's "or" reads 0 as absent.
    private static double Scale(double factor, double mscale) => factor <= 1 ? 1 : 0.1 * mscale * Math.Log(factor) + 1;

    private static double OrDefault(double? value, double otherwise) => value is null or 0 ? otherwise : value.Value;
}
