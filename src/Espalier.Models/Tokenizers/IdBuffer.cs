namespace Espalier.Models.Tokenizers;

/// <summary>Where a text's ids gather: an array that grows and is used again for the next text. Not safe for several threads.</summary>
internal sealed class IdBuffer
{
    private int[] _items = new int[4096];

    public int Count { get; private set; }

    /// <summary>The ids; valid until the next is added.</summary>
    public ReadOnlySpan<int> Written => _items.AsSpan(0, Count);

    public int Capacity => _items.Length;

    public void Add(int id)
    {
        if (Count == _items.Length)
            Grow(1);
        _items[Count++] = id;
    }

    /// <summary>Room for so many after the last; nothing is added until <see cref="Advance"/>.</summary>
    public Span<int> Free(int count)
    {
        if (_items.Length - Count < count)
            Grow(count);
        return _items.AsSpan(Count, count);
    }

    /// <summary>Adds what was written into <see cref="Free"/>.</summary>
    public void Advance(int count) => Count += count;

    /// <summary>Forgets all but the first so many.</summary>
    public void Truncate(int count) => Count = count;

    /// <summary>Forgets all; the memory stays.</summary>
    public void Clear() => Count = 0;

    private void Grow(int count) =>
        Array.Resize(ref _items, Math.Max(checked(Count + count), (int)Math.Min(2L * _items.Length, Array.MaxLength)));
}
