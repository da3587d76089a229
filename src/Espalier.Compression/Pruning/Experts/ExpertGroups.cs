using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Pruning.Experts;

/// <summary>
/// Which expert that goes is merged into which that stays, as M-SMoE does it (arXiv 2310.01334, section 3.1): into the one whose router
/// logits are nearest to its own, in proportion to what the router gives to each. The router's row of the one that stays is left as it is.
/// </summary>
internal static class ExpertGroups
{
    /// <summary>
    /// The merges of one layer, the experts that go in ascending order. One that no token went to has no share and is dropped.
    /// </summary>
    /// <param name="layer">The teacher's layer.</param>
    /// <param name="kept">The experts that stay, ascending; of several that are as near the first takes it in.</param>
    public static ExpertMerge[] Of(ExpertRouting routing, int layer, IReadOnlyList<int> kept)
    {
        var mass = routing.Mass[layer];
        var into = Enumerable.Range(0, mass.Length).Where(expert => mass[expert] > 0 && !kept.Contains(expert))
            .Select(gone => (Gone: gone, Expert: kept.MaxBy(expert => routing.Nearness[layer * mass.Length + gone][expert]))).ToArray();
        return [.. into.Select(pair => new ExpertMerge(pair.Expert, pair.Gone,
            mass[pair.Gone] / into.Where(other => other.Expert == pair.Expert).Sum(other => mass[other.Gone], mass[pair.Expert])))];
    }

    private static double Sum<T>(this IEnumerable<T> values, Func<T, double> of, double first) =>
        values.Aggregate(first, (sum, value) => sum + of(value));
}
