namespace Espalier.Files;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): a counter whose steps are scattered.</summary>
internal static class SplitMix
{
    /// <summary>What the counter goes up by: 2⁶⁴ over the golden ratio.</summary>
    public const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>The finaliser, which scatters the bits of a number.</summary>
    public static ulong Finish(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>The number that comes after a state of the counter.</summary>
    public static ulong Next(ulong state) => Finish(unchecked(state + Step));

    /// <summary>A number's upper bits as a uniform one, 0 ≤ u &lt; 1.</summary>
    public static double Uniform(ulong number) => (number >> 11) * (1.0 / (1UL << 53));
}
