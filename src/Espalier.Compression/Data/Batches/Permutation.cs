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
    public static ulong Key(ulong seed, ulong epoch) => Mix(Mix(seed + 0x9E3779B97F4A7C15) ^ (epoch * 0xD1342543DE82EF95 + 1));

    private ulong Encrypt(ulong value)
    {
        var mask = (1UL << _halfBits) - 1;
        ulong left = value >> _halfBits, right = value & mask;
        for (ulong round = 1; round <= Rounds; round++)
            (left, right) = (right, left ^ (Mix(right + Mix(_key + round * 0x9E3779B97F4A7C15)) & mask));
        return left << _halfBits | right;
    }

    /// <summary>The finaliser of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
