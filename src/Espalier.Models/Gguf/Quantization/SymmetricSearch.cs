namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// The scale d of weights that are stored as d · q, q between two limits of which the lower one is larger by one. Scales around the one
/// that just reaches the largest weight, of either sign, give quants; the best scale for those is a quotient of two sums (weighted least
/// squares), and what it leaves is compared.
/// </summary>
internal static class SymmetricSearch
{
    private const int Steps = 10;
    private const float Step = 0.1f;

    /// <summary>A scale that leaves little; 0 where all weights are.</summary>
    /// <param name="x">The weights.</param>
    /// <param name="w">What an error costs, for each.</param>
    /// <param name="levels">How many quants lie below 0: 8 of 4 bits.</param>
    public static float Scale(ReadOnlySpan<float> x, ReadOnlySpan<float> w, int levels)
    {
        var largest = 0f;
        foreach (var weight in x)
            largest = MathF.Max(largest, MathF.Abs(weight));
        if (BlockSums.Inverse(largest) == 0)
            return 0;

        var (best, scale) = (-1f, 0f);
        for (var step = -Steps; step <= Steps; step++)
        {
            var inverse = (levels + step * Step) / largest;
            Try(x, w, inverse);
            Try(x, w, -inverse);
        }

        // Once more, from the quants that the best scale itself gives.
        if (scale != 0)
            Try(x, w, BlockSums.Inverse(scale));
        return scale;

        void Try(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float inverse)
        {
            var (xq, qq) = BlockSums.Symmetric(x, w, inverse, -levels, levels - 1);
            if (qq > 0 && xq * (xq / qq) is var gained && gained > best)
                (best, scale) = (gained, xq / qq);
        }
    }

    /// <summary>The float16 scale for a block that has no other: that of <see cref="Scale"/>, or a neighbour that leaves less.</summary>
    public static Half Stored(ReadOnlySpan<float> x, ReadOnlySpan<float> w, int levels)
    {
        var scale = Scale(x, w, levels);
        var (best, least) = (default(Half), float.PositiveInfinity);
        for (var round = 0; round < 3; round++)
        {
            var half = (Half)scale;
            if (!Half.IsFinite(half))
                return half;
            Try(x, w, half);
            // Downhill over the neighbouring numbers.
            for (var before = float.PositiveInfinity; least < before;)
            {
                before = least;
                var from = best;
                Try(x, w, Half.BitDecrement(from));
                Try(x, w, Half.BitIncrement(from));
            }

            var (xq, qq) = BlockSums.Symmetric(x, w, BlockSums.Inverse((float)best), -levels, levels - 1);
            if (qq == 0 || (Half)(xq / qq) == best)
                break;
            scale = xq / qq;
        }

        return best;

        void Try(ReadOnlySpan<float> x, ReadOnlySpan<float> w, Half half)
        {
            if (Half.IsFinite(half) && BlockSums.SymmetricError(x, w, (float)half, -levels, levels - 1) is var error && error < least)
                (best, least) = (half, error);
        }
    }
}
