namespace Espalier.Compression.Alignment.Packing;

/// <summary>
/// Packs items into windows of one length, each item whole: into the open window that has the least room left for it (best fit). Few
/// windows are open at a time, so that memory does not grow with the data; the same items in the same order make the same windows.
/// </summary>
/// <param name="length">Tokens of a window.</param>
/// <param name="lengthOf">Tokens of an item, at most <paramref name="length"/>.</param>
/// <param name="close">Takes the items of a window that is done.</param>
internal sealed class WindowPacker<T>(int length, Func<T, int> lengthOf, Action<IReadOnlyList<T>> close)
{
    /// <summary>Windows that are open at a time, at most.</summary>
    private const int MostOpen = 64;

    private readonly List<(int Room, List<T> Items)> _open = [];

    /// <summary>Puts an item into a window.</summary>
    public void Add(T item)
    {
        var size = lengthOf(item);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, length);
        var best = -1;
        for (var i = 0; i < _open.Count; i++)
            if (_open[i].Room >= size && (best < 0 || _open[i].Room < _open[best].Room))
                best = i;
        if (best < 0)
        {
            if (_open.Count == MostOpen)
                Close(Fullest());
            best = _open.Count;
            _open.Add((length, []));
        }
        _open[best].Items.Add(item);
        _open[best] = _open[best] with { Room = _open[best].Room - size };
        if (_open[best].Room == 0)
            Close(best);
    }

    /// <summary>Closes the windows that are open, in the order in which they were opened.</summary>
    public void Finish()
    {
        while (_open.Count > 0)
            Close(0);
    }

    private int Fullest()
    {
        var fullest = 0;
        for (var i = 1; i < _open.Count; i++)
            if (_open[i].Room < _open[fullest].Room)
                fullest = i;
        return fullest;
    }

    private void Close(int index)
    {
        close(_open[index].Items);
        _open.RemoveAt(index);
    }
}
