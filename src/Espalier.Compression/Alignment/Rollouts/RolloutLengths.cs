namespace Espalier.Compression.Alignment.Rollouts;

/// <summary>
/// Most tokens of an answer that a student writes, over a training: short ones first, where it is still far from what its teacher would
/// say, and longer ones towards the end.
/// </summary>
/// <param name="First">At the first step.</param>
/// <param name="Last">At the last step.</param>
internal readonly record struct RolloutLengths(int First, int Last)
{
    private const int Largest = 1 << 20;

    /// <summary>The longest.</summary>
    public int Longest => Math.Max(First, Last);

    /// <summary>Reads <c>64</c>, or <c>32 to 128</c>.</summary>
    /// <exception cref="EspalierException">It is neither.</exception>
    public static RolloutLengths Parse(string text)
    {
        var parts = text.Split(" to ", StringSplitOptions.TrimEntries);
        var lengths = parts.Select(part => Quantity.Count(part) is { } count && count is >= 1 and <= Largest ? (int)count : 0).ToArray();
        return parts.Length is 1 or 2 && lengths.All(static length => length > 0) ? new(lengths[0], lengths[^1])
            : throw new EspalierException(
                $"rollout-length is '{OneLine.Clipped(text)}'; it must be tokens of an answer, as in: 64, or 32 to 128");
    }

    /// <summary>The length at a step, on the straight line from the first to the last.</summary>
    public int At(long step, long steps) =>
        steps < 2 ? Last : (int)Math.Round(First + (Last - First) * ((double)step / (steps - 1)), MidpointRounding.AwayFromZero);

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() =>
        First == Last ? First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{First} to {Last}");
}
