namespace Espalier.Compression.Data;

/// <summary>Reads bits, the highest of each byte first; an early end is an <see cref="InvalidDataException"/>.</summary>
/// <param name="stream">The bytes; not owned.</param>
internal sealed class BitReader(Stream stream)
{
    private readonly byte[] _bytes = new byte[1 << 16];
    private int _next, _count, _bits;
    private ulong _held;

    /// <summary>Whether anything was read.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Some bits as a number.</summary>
    /// <param name="count">At most 32.</param>
    public long Read(int count)
    {
        while (_bits < count)
        {
            if (IsEmpty())
                throw new InvalidDataException("the packed data end early");
            _held = _held << 8 | _bytes[_next++];
            _bits += 8;
        }
        HasBegun = true;
        _bits -= count;
        return (long)(_held >> _bits & ((1UL << count) - 1));
    }

    /// <summary>One bit.</summary>
    public bool ReadBit() => Read(1) != 0;

    /// <summary>Leaves out what is left of a byte that is read in part.</summary>
    public void ToByte() => _bits -= _bits % 8;

    /// <summary>Whether there is nothing more.</summary>
    public bool IsAtEnd() => _bits == 0 && IsEmpty();

    private bool IsEmpty()
    {
        if (_next == _count)
            (_next, _count) = (0, stream.Read(_bytes));
        return _count == 0;
    }
}
