namespace Espalier.Models.Generation;

/// <summary>How much a text repeats itself, by its ids.</summary>
internal static class TextMeasures
{
    /// <summary>
    /// The share of stretches of n ids that came before in the same text: 1 − different ones / all (seq-rep-n of arXiv 1908.04319, section
    /// 6.1). 0 of a text with fewer ids than n.
    /// </summary>
    public static double Repetition(ReadOnlySpan<int> ids, int n) => ids.Length < n ? 0 : 1 - Distinct(ids, n);

    /// <summary>
    /// Different stretches of n ids over all of them (distinct-n of arXiv 1510.03055, section 5.2, of one text). 1 of a text with fewer ids
    /// than n, which repeats nothing.
    /// </summary>
    public static double Distinct(ReadOnlySpan<int> ids, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var all = ids.Length - n + 1;
        if (all < 1)
            return 1;
        var seen = new HashSet<Stretch>();
        for (var i = 0; i < all; i++)
            seen.Add(new(ids.Slice(i, n).ToArray()));
        return (double)seen.Count / all;
    }

    /// <summary>How many ids two texts have in common before they part.</summary>
    public static int Agreed(ReadOnlySpan<int> ids, ReadOnlySpan<int> others) => ids.CommonPrefixLength(others);

    private readonly struct Stretch(int[] ids) : IEquatable<Stretch>
    {
        private readonly int[] _ids = ids;

        public bool Equals(Stretch other) => _ids.AsSpan().SequenceEqual(other._ids);

        public override bool Equals(object? obj) => obj is Stretch other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach (var id in _ids)
                hash.Add(id);
            return hash.ToHashCode();
        }
    }
}
