using System.Collections.Concurrent;

namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// A set of Unicode's scalar values, as ranges in ascending order that do not touch each other. A value: it never changes.
/// </summary>
internal sealed class PointSet
{
    private const int Last = 0x10FFFF, FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF;

    // One for each name that there is, at most.
    private static readonly ConcurrentDictionary<string, PointSet> s_categories = new();

    private PointSet(IReadOnlyList<(int First, int Last)> ranges) => Ranges = ranges;

    public static PointSet None { get; } = new([]);

    public static PointSet All { get; } = Of((0, Last));

    /// <summary>The ranges, both ends included.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    /// <summary>The characters of some ranges; halves of surrogate pairs are none.</summary>
    public static PointSet Of(params IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var (first, last) in ranges.SelectMany(WithoutSurrogates).OrderBy(static range => range.First))
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else
                merged.Add((first, last));
        return new(merged);
    }

    public static PointSet Of(string text) => Of(text.EnumerateRunes().Select(static rune => (rune.Value, rune.Value)));

    /// <summary>
    /// The characters of a general category, of one letter or two, such as <c>L</c> or <c>Lu</c>; null for any other name.
    /// </summary>
    public static PointSet? OfCategory(string name) => name.Length is < 1 or > 2
        || !Enum.GetValues<UnicodeCategory>().Any(category => Short(category).StartsWith(name, StringComparison.Ordinal)) ? null
        : s_categories.GetOrAdd(name, static name => Of(Members(name)));

    public bool Has(int point)
    {
        var (low, high) = (0, Ranges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (point < Ranges[middle].First)
                high = middle - 1;
            else if (point > Ranges[middle].Last)
                low = middle + 1;
            else
                return true;
        }
        return false;
    }

    public static PointSet operator |(PointSet a, PointSet b) => Of(a.Ranges.Concat(b.Ranges));

    public static PointSet operator &(PointSet a, PointSet b) => ~(~a | ~b);

    public static PointSet operator ~(PointSet set)
    {
        var (ranges, next) = (new List<(int First, int Last)>(), 0);
        foreach (var (first, last) in set.Ranges)
        {
            if (first > next)
                ranges.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last)
            ranges.Add((next, Last));
        return Of(ranges);
    }

    private static IEnumerable<(int First, int Last)> Members(string category)
    {
        var first = -1;
        for (var point = 0; point <= Last + 1; point++)
        {
            var isIn = point <= Last && Short(CharUnicodeInfo.GetUnicodeCategory(point)).StartsWith(category, StringComparison.Ordinal);
            if (isIn && first < 0)
                first = point;
            if (isIn || first < 0)
                continue;
            yield return (first, point - 1);
            first = -1;
        }
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < FirstSurrogate)
            yield return (range.First, Math.Min(range.Last, FirstSurrogate - 1));
        if (range.Last > LastSurrogate)
            yield return (Math.Max(range.First, LastSurrogate + 1), range.Last);
    }

    // In the order of the enumeration.
    private static string Short(UnicodeCategory category) => "LuLlLtLmLoMnMcMeNdNlNoZsZlZpCcCfCsCoPcPdPsPePiPfPoSmScSkSoCn"
        .Substring(2 * (int)category, 2);
}
