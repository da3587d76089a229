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
        var known = ranks.GetAlternateLookup<ReadOnlySpan<char>>();
        var ways = new List<(int Order, int Right, string, string)>();
        for (var rank = 0; rank < count; rank++)
        {
            var token = tokens[rank];
            ways.Clear();
            for (var cut = 1; cut < token.Length; cut++)
                if (!char.IsLowSurrogate(token[cut]) && known.TryGetValue(token.AsSpan(0, cut), out var left)
                    && known.TryGetValue(token.AsSpan(cut), out var right))
                    ways.Add((order is null ? left : order(token[..cut]), right, token[..cut], token[cut..]));
            ways.Sort(static (a, b) => (a.Order, a.Right).CompareTo((b.Order, b.Right)));
            foreach (var (_, _, first, second) in ways)
                yield return (first, second);
        }
    }
}
