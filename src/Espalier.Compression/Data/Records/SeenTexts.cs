namespace Espalier.Compression.Data.Records;

/// <summary>
/// Hashes of texts that were read, to find those that come again: of all, or in bounded memory of the last ones alone. Not for several
/// threads.
/// </summary>
/// <param name="most">How many are remembered; the oldest is forgotten first. Null remembers all.</param>
internal sealed class SeenTexts(int? most = null)
{
    /// <summary>What a stream of unknown length remembers: about half a gigabyte of memory.</summary>
    public const int Bounded = 16 << 20;

    private readonly HashSet<ulong> _hashes = [];
    private readonly Queue<ulong> _order = [];

    /// <summary>Remembers a text by the first 64 bits of its SHA-256.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Add(ulong hash)
    {
        if (!_hashes.Add(hash))
            return false;
        if (most is not { } limit)
            return true;
        _order.Enqueue(hash);
        if (_order.Count > limit)
            _hashes.Remove(_order.Dequeue());
        return true;
    }
}
