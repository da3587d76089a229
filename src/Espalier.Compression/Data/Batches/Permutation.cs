namespace Espalier.Compression.Data.Batches;

/// <summary>
/// A pseudo-random permutation of 0 .. n - 1 of which any element is found at once, without a table: a Feistel network
/// of eight rounds over the next power of four, walked along its cycle until it falls below n (Black and Rogaway,
/// "Ciphers with arbitrary finite domains", 2002). The domain is below 4 n, so that fewer than four walks are expected.
/// </summary>
internal readonly struct Permutation
{
    private const int Rounds = 8;
    private readonly ulong _key;
    private readonly ulong _count;
    private readonly int _halfBits;

    public Permutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        (this._count, this._key) = ((ulong)count, key);
        var bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)count - 1);
        _halfBits = Math.Max(1, (bits + 1) / 2);
    }

    /// <summary>Where <paramref name="index"/> goes.</summary>
    public long this[long index]
    {
        get
        {
            var value = (ulong)index;
            do
                value = Encrypt(value);
            while (value >= _count);
            return (long)value;
        }
    }

    /// <summary>A key for one epoch of one seed.</summary>
    public static ulong Key(ulong seed, ulong epoch) =>
        SplitMix.Finish(SplitMix.Finish(seed + SplitMix.Step) ^ (epoch * 0xD1342543DE82EF95 + 1));

    private ulong Encrypt(ulong value)
    {
        var mask = (1UL << _halfBits) - 1;
        ulong left = value >> _halfBits, right = value & mask;
        for (ulong round = 1; round <= Rounds; round++)
            (left, right) = (right, left ^ (SplitMix.Finish(right + SplitMix.Finish(_key + round * SplitMix.Step)) & mask));
        return left << _halfBits | right;
    }
}
