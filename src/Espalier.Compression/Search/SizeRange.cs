namespace Espalier.Compression.Search;

/// <summary>The sizes of an axis: numbers, and ranges such as <c>29-32</c> or <c>192-256 step 64</c>.</summary>
internal static class SizeRange
{
    /// <summary>Most sizes of one axis.</summary>
    public const int MostSizes = 10_000;

    private const int Largest = 1 << 30;

    /// <summary>Reads sizes; each comes once, ascending.</summary>
    /// <exception cref="EspalierException">Something that is no size, or too many.</exception>
    public static int[] Parse(IEnumerable<string> texts)
    {
        var sizes = new SortedSet<int>();
        foreach (var text in texts)
        {
            var (first, last, step) = Range(text);
            if ((last - first) / step + 1 > MostSizes)
                throw new EspalierException(
                    $"'{OneLine.Clipped(text)}' has {(last - first) / step + 1} sizes; the "
                        + $"limit is {MostSizes}; use larger steps, as in 1024-4096 step 512");
            for (long size = first; size <= last; size += step)
                sizes.Add((int)size);
        }
        return sizes.Count is > 0 and <= MostSizes ? [.. sizes]
            : throw new EspalierException($"{sizes.Count} sizes are given; there must be 1 to {MostSizes}");
    }

    private static (int First, int Last, int Step) Range(string text)
    {
        var halves = text.Split(" step ", StringSplitOptions.TrimEntries);
        var ends = halves[0].Split('-', StringSplitOptions.TrimEntries);
        if (halves.Length > 2 || ends.Length > 2 || (halves.Length == 2 && ends.Length == 1))
            throw NoSize(text);
        var (first, last) = (SizeOf(text, ends[0]), SizeOf(text, ends[^1]));
        return first <= last
            ? (first, last, halves.Length == 2 ? SizeOf(text, halves[1]) : 1)
            : throw new EspalierException($"'{OneLine.Clipped(text)}' begins at {first} but ends at {last}; the smaller size comes first");
    }

    private static int SizeOf(string text, string part) => Quantity.Count(part) switch
    {
        > Largest => throw new EspalierException(
            $"'{OneLine.Clipped(text)}': {OneLine.Clipped(part)} is above {Largest}, the largest size"),
        >= 1 and var size => (int)size,
        _ => throw NoSize(text),
    };

    private static EspalierException NoSize(string text) =>
        new($"'{OneLine.Clipped(text)}' is not a size; write a whole number from 1, 29-32 or 192-256 step 64");
}
