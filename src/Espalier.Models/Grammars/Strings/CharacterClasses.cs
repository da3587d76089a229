namespace Espalier.Models.Grammars.Strings;

/// <summary>The coarsest cut of all characters into classes that some sets do not tell apart.</summary>
internal static class CharacterClasses
{
    /// <summary>The classes; together they are all characters.</summary>
    /// <exception cref="EspalierException">It costs more.</exception>
    public static IReadOnlyList<PointSet> Of(IReadOnlyList<PointSet> sets, PatternBudget budget)
    {
        // Where a set begins or ends; what lies between two such places is of one class.
        var cuts = new SortedSet<int>(PointSet.All.Ranges.Select(static range => range.First));
        foreach (var (first, last) in sets.SelectMany(static set => set.Ranges))
        {
            cuts.Add(first);
            cuts.Add(last + 1);
        }
        int[] starts = [.. cuts];
        budget.Step((long)starts.Length * sets.Count);
        var classes = new Dictionary<string, List<(int, int)>>();
        for (var i = 0; i < starts.Length; i++)
        {
            var last = i + 1 < starts.Length ? starts[i + 1] - 1 : 0x10FFFF;
            if (starts[i] > last)
                continue;
            var key = string.Create(sets.Count, (sets, starts[i]), static (span, of) =>
            {
                for (var s = 0; s < span.Length; s++)
                    span[s] = of.sets[s].Has(of.Item2) ? '1' : '0';
            });
            (classes.TryGetValue(key, out var known) ? known : classes[key] = []).Add((starts[i], last));
        }
        return [.. classes.Values.Select(static ranges => PointSet.Of(ranges)).Where(static set => !set.IsEmpty)];
    }
}
