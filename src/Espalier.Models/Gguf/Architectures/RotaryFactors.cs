namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// The tensor <c>rope_freqs.weight</c>: llama.cpp divides the frequency of each pair by its entry. Llama 3.1's scaling has no
/// metadata keys, and YaRN's keys for the betas are not read by the architecture <c>llama</c>; this tensor expresses both.
/// </summary>
internal static class RotaryFactors
{
    public const string Name = "rope_freqs.weight";

    /// <summary>The divisors that a model needs in an architecture; null where none or metadata keys do.</summary>
    public static float[]? Of(DecoderConfig config, GgufArchitecture architecture) => config.Rotary.Scaling switch
    {
        RotaryScaling.Llama3 scaling => Of(scaling, config.Rotary.Theta, config.HeadDim),
        RotaryScaling.Yarn scaling when !HasKeys(scaling, architecture) => Of(scaling, config.Rotary.Theta, config.HeadDim),
        _ => null,
    };

    /// <summary>
    /// Whether llama.cpp computes this YaRN from metadata: its betas are the paper's (arXiv 2309.00071, section 3.2), and the blend begins
    /// and ends at whole pairs, unless the architecture takes it so in any case.
    /// </summary>
    public static bool HasKeys(RotaryScaling.Yarn scaling, GgufArchitecture architecture) =>
        scaling is { BetaFast: 32.0, BetaSlow: 1.0 } && (scaling.Truncates || architecture.RoundsYarn);

    /// <summary>
    /// H/2 divisors for Llama-3 scaling: 1 for short wavelengths, the factor for long ones, a linear blend of frequencies between.
    /// </summary>
    public static float[] Of(RotaryScaling.Llama3 scaling, double theta, int headDim)
    {
        var factors = new float[headDim / 2];
        double longest = scaling.OriginalMaxPositions / scaling.LowFrequencyFactor,
        shortest = scaling.OriginalMaxPositions / scaling.HighFrequencyFactor;
        for (var i = 0; i < factors.Length; i++)
        {
            var wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headDim);
            var smooth = (scaling.OriginalMaxPositions / wavelength - scaling.LowFrequencyFactor)
                / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
            factors[i] =
                (float)(wavelength < shortest ? 1.0 : wavelength > longest ? scaling.Factor
                    : 1.0 / ((1.0 - smooth) / scaling.Factor + smooth));
        }
        return factors;
    }

    /// <summary>
    /// H/2 divisors for YaRN: 1 up to the pair that turns beta-fast times, the factor from beta-slow on, a blend of frequencies between.
    /// </summary>
    public static float[] Of(RotaryScaling.Yarn scaling, double theta, int headDim)
    {
        var factors = new float[headDim / 2];
        var (low, high) = (PairTurning(scaling.BetaFast), PairTurning(scaling.BetaSlow));
        if (scaling.Truncates)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, headDim - 1));
        for (var i = 0; i < factors.Length; i++)
        {
            var stretched = Math.Clamp((i - low) / Math.Max(high - low, 0.001), 0.0, 1.0);
            factors[i] = (float)(1.0 / (stretched / scaling.Factor + (1.0 - stretched)));
        }
        return factors;

        double PairTurning(double times) =>
            headDim * Math.Log(scaling.OriginalMaxPositions / (times * 2 * Math.PI)) / (2 * Math.Log(theta));
    }
}
