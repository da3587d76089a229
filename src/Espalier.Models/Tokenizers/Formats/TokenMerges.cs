namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// Merges for tokens that are known by rank only, as transformers generates them: every way to cut a token into two tokens.
/// </summary>
internal static class TokenMerges
{
    /// <summary>The merges, those of the first token first.</summary>
    /// <param name="tokens">By rank; of the same text the last counts.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="order">
    /// Of a token's own ways the one whose left part has the lowest order first; null: the lowest rank of the left part.
    /// </param>
    public static IEnumerable<(string Left, string Right)> Of(IReadOnlyList<string> tokens, int count, Func<string, int>? order)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var rank = 0; rank < count; rank++)
            ranks[tokens[rank]] = rank;
        var lengths = Lengths(ranks);
        return tokens.Take(count).SelectMany(token => Cuts(token, ranks, lengths)
            .OrderBy(cut => order is null ? cut.Left : order(token[..cut.At])).ThenBy(static cut => cut.Right)
            .Select(cut => (token[..cut.At], token[cut.At..])));
    }

    /// <summary>Every way to cut a token into two others: where, and their numbers.</summary>
    /// <param name="token">The token.</param>
    /// <param name="numbers">Of all tokens.</param>
    /// <param name="lengths">The lengths that tokens have: a text of a million letters has a million cuts, each as long to look up.</param>
    public static IEnumerable<(int At, int Left, int Right)> Cuts(string token, Dictionary<string, int> numbers, HashSet<int> lengths)
    {
        var known = numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = 1; at < token.Length; at++)
            if (lengths.Contains(at) && lengths.Contains(token.Length - at) && !char.IsLowSurrogate(token[at])
                && known.TryGetValue(token.AsSpan(0, at), out var left) && known.TryGetValue(token.AsSpan(at), out var right))
                yield return (at, left, right);
    }

    /// <summary>The lengths that tokens have.</summary>
    public static HashSet<int> Lengths(Dictionary<string, int> numbers) => [.. numbers.Keys.Select(static token => token.Length)];
}
