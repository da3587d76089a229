namespace Espalier.Models.Gguf;

/// <summary>
/// The tensor <c>rope_freqs.weight</c>: llama.cpp divides the frequency of each pair by its entry. Llama 3.1's scaling has no
/// metadata keys; this tensor is how it is expressed.
/// </summary>
internal static class RotaryFactors
{
    /// <summary>Its name in the file.</summary>
    public const string Name = "rope_freqs.weight";

    /// <summary>H/2 divisors for Llama-3 scaling: 1 for short wavelengths, the factor for long ones, a linear blend of frequencies between.</summary>
    public static float[] Of(RotaryScaling.Llama3 scaling, double theta, int headDim)
    {
        var factors = new float[headDim / 2];
        double longest = scaling.OriginalMaxPositions / scaling.LowFrequencyFactor, shortest = scaling.OriginalMaxPositions / scaling.HighFrequencyFactor;
        for (var i = 0; i < factors.Length; i++)
        {
            var wavelength = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headDim);
            var smooth = (scaling.OriginalMaxPositions / wavelength - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
            factors[i] = (float)(wavelength < shortest ? 1.0 : wavelength > longest ? scaling.Factor : 1.0 / ((1.0 - smooth) / scaling.Factor + smooth));
        }
        return factors;
    }
}
