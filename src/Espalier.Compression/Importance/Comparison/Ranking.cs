namespace Espalier.Compression.Importance.Comparison;

/// <summary>Which units have the largest scores.</summary>
internal static class Ranking
{
    /// <summary>Indices of the largest values, ties to the lower index, ascending.</summary>
    public static int[] Largest(IReadOnlyList<double> values, int count) =>
        [.. Enumerable.Range(0, values.Count).OrderByDescending(i => values[i]).ThenBy(i => i).Take(count).Order()];
}
