namespace Espalier.Models.Rotary;

/// <summary>Inverse frequencies theta^(−2i/R) of a rotary embedding, stretched as its scaling says.</summary>
internal static class RotaryFrequencies
{
    /// <summary>The R/2 inverse frequencies, radians a position, for R = <paramref name="rotated"/> turning entries.</summary>
    /// <param name="rotary">The embedding.</param>
    /// <param name="rotated">R.</param>
    /// <param name="isLong">Whether the text is longer than the length that was trained with; only LongRoPE asks.</param>
    public static double[] Of(RotaryConfig rotary, int rotated, bool isLong = false)
    {
        var frequencies = new double[rotated / 2];
        for (var i = 0; i < frequencies.Length; i++)
            frequencies[i] = Stretch(Math.Pow(rotary.Theta, -2.0 * i / rotated), i, rotary, rotated, isLong);
        return frequencies;
    }

    private static double Stretch(double frequency, int index, RotaryConfig rotary, int rotated, bool isLong) => rotary.Scaling switch
    {
        null => frequency,
        RotaryScaling.Linear linear => frequency / linear.Factor,
        RotaryScaling.Llama3 llama3 => Stretch(frequency, llama3),
        LongRope scaling => frequency / scaling.FactorsOf(isLong)[index],
        RotaryScaling.Yarn yarn => Stretch(frequency, index, yarn, rotary.Theta, rotated),
        _ => throw new InvalidOperationException($"rotary scaling {rotary.Scaling.GetType().Name}"),
    };

    // Llama 3.1: by wavelength, with a linear blend between the two limits.
    private static double Stretch(double frequency, RotaryScaling.Llama3 s)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength > s.OriginalMaxPositions / s.LowFrequencyFactor)
            return frequency / s.Factor;
        if (wavelength < s.OriginalMaxPositions / s.HighFrequencyFactor)
            return frequency;
        var t = (s.OriginalMaxPositions / wavelength - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return frequency * ((1 - t) / s.Factor + t);
    }

    // YaRN, arXiv 2309.00071, section 3.2: a ramp over the entries between beta_fast and beta_slow rotations.
    private static double Stretch(double frequency, int index, RotaryScaling.Yarn s, double theta, int rotated)
    {
        double EntryOf(double rotations) =>
            rotated * Math.Log(s.OriginalMaxPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
        var (low, high) = (EntryOf(s.BetaFast), EntryOf(s.BetaSlow));
        if (s.Truncates)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, rotated - 1));
        var ramp = Math.Clamp((index - low) / Math.Max(high - low, 0.001), 0, 1);
        return frequency * (ramp / s.Factor + (1 - ramp));
    }
}
