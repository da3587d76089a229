namespace Espalier.Models.Grammars;

/// <summary>A set of bytes. A value: equal sets have the same bytes.</summary>
internal readonly record struct ByteSet
{
    private readonly UInt128 _low, _high;

    private ByteSet(UInt128 low, UInt128 high) => (_low, _high) = (low, high);

    public bool IsEmpty => _low == 0 && _high == 0;

    public bool Has(byte b) => ((b < 128 ? _low : _high) >> (b & 127) & 1) == 1;

    /// <summary>The bytes from one to another, both of them too.</summary>
    public static ByteSet Range(int first, int last)
    {
        var set = default(ByteSet);
        for (var b = first; b <= last; b++)
            set = b < 128 ? new(set._low | UInt128.One << b, set._high) : new(set._low, set._high | UInt128.One << (b - 128));
        return set;
    }

    public static ByteSet Of(ReadOnlySpan<byte> bytes)
    {
        var set = default(ByteSet);
        foreach (var b in bytes)
            set |= Range(b, b);
        return set;
    }

    public static ByteSet operator |(ByteSet a, ByteSet b) => new(a._low | b._low, a._high | b._high);

    /// <summary>The bytes of the first that the second has not.</summary>
    public static ByteSet operator -(ByteSet a, ByteSet b) => new(a._low & ~b._low, a._high & ~b._high);
}
