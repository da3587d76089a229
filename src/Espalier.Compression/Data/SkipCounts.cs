namespace Espalier.Compression.Data;

/// <summary>How often each <see cref="SkipReason"/> occurred. Written by one thread.</summary>
public sealed class SkipCounts
{
    private readonly long[] counts = new long[Enum.GetValues<SkipReason>().Length];

    /// <summary>How often the reason occurred.</summary>
    public long this[SkipReason reason] => counts[(int)reason];

    /// <summary>Counts one more.</summary>
    public void Add(SkipReason reason, long times = 1) => counts[(int)reason] += times;

    /// <summary>The reasons that occurred, by their kebab-case names, in the order of the enumeration.</summary>
    public IReadOnlyDictionary<string, long> ToDictionary()
    {
        var named = new OrderedDictionary<string, long>();
        foreach (var reason in Enum.GetValues<SkipReason>())
            if (this[reason] > 0)
                named[DataJson.Kebab(reason.ToString())] = this[reason];
        return named;
    }

    /// <summary>Such as <c>3 malformed-json, 1 empty-document</c>; empty where nothing was skipped.</summary>
    public override string ToString() => string.Join(", ", ToDictionary().Select(pair => $"{pair.Value} {pair.Key}"));
}
