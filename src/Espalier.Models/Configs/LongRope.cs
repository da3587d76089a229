namespace Espalier.Models;

/// <summary>
/// LongRoPE (arXiv 2402.13753; Phi-3 and Phi-4): each frequency divided by a factor of its own, out of one of two lists. Texts longer than
/// the length that was trained with have the long factors from their first position on, shorter ones the short factors; cos and sin are
/// scaled in both.
/// </summary>
internal sealed record LongRope(
    IReadOnlyList<double> Short, IReadOnlyList<double> Long, int OriginalMaxPositions, double AttentionFactor) : RotaryScaling
{
    /// <summary>The factors for a text of a length.</summary>
    public IReadOnlyList<double> FactorsOf(bool isLong) => isLong ? Long : Short;

    /// <summary>Refuses lists that do not fit the heads, and a second length in one model.</summary>
    /// <param name="turning">Entries of a head that turn.</param>
    /// <param name="longAfter">The model's <see cref="DecoderConfig.LongAfter"/>.</param>
    /// <param name="source">Where the config comes from.</param>
    /// <exception cref="EspalierException">Names the field and both numbers.</exception>
    public void Check(int turning, int longAfter, string source)
    {
        foreach (var (field, factors) in new[] { ("short_factor", Short), ("long_factor", Long) })
            if (factors.Count != turning / 2)
                throw new EspalierException($"{source}: {field} has {factors.Count} factors, but {turning} entries of a head are rotated: "
                    + $"it must have {turning / 2}, one for each pair");
        if (OriginalMaxPositions != longAfter)
            throw new EspalierException($"{source}: original_max_position_embeddings is {longAfter}, but {OriginalMaxPositions} in some "
                + "layers; it must be the same in all");
    }

    public bool Equals(LongRope? other) => other is not null && Short.SequenceEqual(other.Short) && Long.SequenceEqual(other.Long)
        && (OriginalMaxPositions, AttentionFactor) == (other.OriginalMaxPositions, other.AttentionFactor);

    public override int GetHashCode() => HashCode.Combine(Short.Count, OriginalMaxPositions, AttentionFactor);

    public override string ToString() => $"LongRope {{ {Short.Count} factors, OriginalMaxPositions = {OriginalMaxPositions} }}";
}
