namespace Espalier.Compression.Distillation.Caching;

/// <summary>
/// Draws entries from a distribution. Systematic: one uniform number a position moves a comb of equal steps over the cumulative
/// distribution, so that every entry is expected as often as in independent draws, with less noise. The number depends on seed, window and
/// position alone.
/// </summary>
internal static class Draws
{
    /// <summary>
    /// Fills <paramref name="ids"/> with entries of weights (not negative, not all zero; they need not sum to one). What has weight zero is
    /// never drawn.
    /// </summary>
    public static void Fill(ReadOnlySpan<float> weights, double uniform, Span<int> ids)
    {
        var total = 0.0;
        foreach (var weight in weights)
            total += weight;
        var (step, cumulative, drawn, last) = (total / ids.Length, 0.0, 0, 0);
        for (var id = 0; id < weights.Length && drawn < ids.Length; id++)
        {
            if (weights[id] <= 0)
                continue;
            last = id;
            cumulative += weights[id];
            while (drawn < ids.Length && (drawn + uniform) * step < cumulative)
                ids[drawn++] = id;
        }
        // Rounding may leave the comb's last tooth after the end.
        ids[drawn..].Fill(last);
    }

    /// <summary>The uniform number of a position, 0 ≤ u &lt; 1: SplitMix64's finaliser over the three.</summary>
    public static double Uniform(long seed, long window, int position) =>
        SplitMix.Uniform(SplitMix.Next(SplitMix.Next(SplitMix.Next((ulong)seed + SplitMix.Step) ^ (ulong)window) + (ulong)position));
}
