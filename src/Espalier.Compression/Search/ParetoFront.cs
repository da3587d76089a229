namespace Espalier.Compression.Search;

/// <summary>What nothing else beats in both of two quantities.</summary>
internal static class ParetoFront
{
    /// <summary>
    /// The items that no other one has both at most the same cost and at most the same loss as, one of them less; cheapest first. What is
    /// not finite is left out.
    /// </summary>
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> items, Func<T, double> cost, Func<T, double> loss)
    {
        var front = new List<T>();
        var (best, at) = (double.PositiveInfinity, double.NaN);
        foreach (var item in items.Where(item => double.IsFinite(cost(item)) && double.IsFinite(loss(item))).OrderBy(cost).ThenBy(loss))
        {
            // A twin of the last one is beaten by nobody.
            if (loss(item) < best || (loss(item) == best && cost(item) == at))
                front.Add(item);
            else
                continue;
            (best, at) = (loss(item), cost(item));
        }
        return front;
    }
}
