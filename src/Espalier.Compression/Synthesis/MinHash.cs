namespace Espalier.Compression.Synthesis;

/// <summary>
/// Signatures of sets of which the share of equal values is near the Jaccard similarity |A ∩ B| / |A ∪ B| of the sets (Broder, "On the
/// resemblance and containment of documents", 1997): value i is the smallest of the set under hash function i.
/// </summary>
internal static class MinHash
{
    /// <summary>Values of a signature.</summary>
    public const int Values = 128;

    // Multiply-add-shift of 64 bits (Dietzfelbinger et al., 1997); the factors are the same in every process.
    private static readonly (ulong Factor, ulong Summand)[] s_functions =
        [.. Enumerable.Range(0, Values).Select(i => (SplitMix.Next((ulong)(2 * i)) | 1, SplitMix.Next((ulong)(2 * i + 1))))];

    /// <summary>The signature of a set, which is not empty.</summary>
    public static uint[] Of(ReadOnlySpan<ulong> set)
    {
        var least = new uint[Values];
        Array.Fill(least, uint.MaxValue);
        foreach (var element in set)
            for (var i = 0; i < Values; i++)
            {
                var (factor, summand) = s_functions[i];
                least[i] = Math.Min(least[i], (uint)(unchecked(factor * element + summand) >> 32));
            }
        return least;
    }

    /// <summary>
    /// Values of a band: as many as find a pair at the threshold in 99 of 100 cases at least. A pair of similarity s agrees in one of b
    /// bands of r values with the probability 1 − (1 − sʳ)ᵇ (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4).
    /// </summary>
    /// <param name="threshold">The similarity, above 0, at most 1.</param>
    public static int RowsOfBand(double threshold)
    {
        var rows = 1;
        for (var more = 2; more <= Values / 2; more++)
            if (1 - Math.Pow(1 - Math.Pow(threshold, more), Values / more) >= 0.99)
                rows = more;
        return rows;
    }
}
