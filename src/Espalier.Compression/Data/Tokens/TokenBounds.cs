namespace Espalier.Compression.Data.Tokens;

/// <summary>Which ranges of a row of ids there are.</summary>
internal static class TokenBounds
{
    /// <exception cref="ArgumentOutOfRangeException">The range goes beyond the ids.</exception>
    public static void RequireWithin(this ITokens tokens, long position, int length)
    {
        if (position < 0 || position > tokens.Count - length)
            throw new ArgumentOutOfRangeException(nameof(position),
                $"{tokens.Name}: ids {position} to {position + length} are not within the {tokens.Count} ids there are");
    }
}
