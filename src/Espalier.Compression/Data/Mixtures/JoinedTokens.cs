using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Mixtures;

/// <summary>Several rows of tokens as one, each cut to whole windows, so that no window has two of them.</summary>
internal sealed class JoinedTokens : ITokens
{
    private readonly ITokens[] _parts;
    private readonly long[] _starts;

    /// <summary>Joins rows of tokens, which stay the caller's to dispose.</summary>
    /// <param name="name">What all of them are, for messages.</param>
    /// <param name="parts">The rows, each of at least one window.</param>
    /// <param name="window">Ids of a window; 1 joins without a cut.</param>
    /// <exception cref="EspalierException">A row is shorter than a window.</exception>
    public JoinedTokens(string name, IReadOnlyList<ITokens> parts, int window)
    {
        Name = name;
        _parts = [.. parts.Select(part => part.Count >= window ? new TokenRange(part, 0, part.Count / window * window)
            : throw new EspalierException(WindowSet.TooFew(part.Name, $"{part.Count}", window - 1)))];
        _starts = new long[parts.Count];
        foreach (var (i, part) in _parts.Index())
            (_starts[i], Count) = (Count, Count + part.Count);
    }

    public long Count { get; }

    public string Name { get; }

    /// <summary>Ids of each row, as far as they are used.</summary>
    public IReadOnlyList<long> Counts => [.. _parts.Select(static part => part.Count)];

    /// <summary>Where documents begin in all rows.</summary>
    public DocumentBoundaries Boundaries(IReadOnlyList<DocumentBoundaries> parts) => new JoinedBoundaries(_starts, parts);

    public void Read(long position, Span<int> destination)
    {
        for (var i = PartOf(position, destination.Length); destination.Length > 0; i++)
        {
            var from = position - _starts[i];
            var count = (int)Math.Min(destination.Length, _parts[i].Count - from);
            _parts[i].Read(from, destination[..count]);
            destination = destination[count..];
            position += count;
        }
    }

    /// <summary>The part that a position lies in, by where each begins, ascending.</summary>
    internal static int PartAt<T>(T[] starts, T position) => Array.BinarySearch(starts, position) is >= 0 and var at ? at
        : ~Array.BinarySearch(starts, position) - 1;

    private int PartOf(long position, int length)
    {
        this.RequireWithin(position, length);
        return PartAt(_starts, position);
    }

    private sealed class JoinedBoundaries(long[] starts, IReadOnlyList<DocumentBoundaries> parts) : DocumentBoundaries
    {
        protected override bool Begins(long position, long before)
        {
            var part = PartAt(starts, position);
            return parts[part].BeginsAt(position - starts[part], before);
        }
    }
}
