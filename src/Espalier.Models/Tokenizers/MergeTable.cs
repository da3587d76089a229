using System.Numerics;

namespace Espalier.Models.Tokenizers;

/// <summary>Rank and result of each mergeable pair, in an open-addressing table: the hottest look-up of encoding.</summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that does not merge: above every real one.</summary>
    public const int NoRank = int.MaxValue;

    private const ulong Empty = ulong.MaxValue;

    private readonly ulong[] _keys;
    private readonly (int Rank, int Result)[] _values;
    private readonly int _shift;

    // Drawn anew for each table, so that no file can be written whose pairs all collide. No id depends on it.
    private readonly ulong _multiplier = (ulong)Random.Shared.NextInt64() << 1 | 1;

    /// <summary>A table with room for <paramref name="capacity"/> pairs.</summary>
    public MergeTable(int capacity)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2L));
        _shift = 64 - BitOperations.Log2((uint)size);
        _keys = new ulong[size];
        Array.Fill(_keys, Empty);
        _values = new (int, int)[size];
    }

    /// <summary>Adds a pair; a pair that is there already gets the new rank.</summary>
    public void Set(int left, int right, int rank, int result)
    {
        var slot = Slot(left, right);
        _keys[slot] = Key(left, right);
        _values[slot] = (rank, result);
    }

    /// <summary>The pair's rank, or <see cref="NoRank"/>, and the id of the token that it becomes.</summary>
    public int Find(int left, int right, out int result)
    {
        var slot = Slot(left, right);
        if (_keys[slot] == Empty)
        {
            result = -1;
            return NoRank;
        }
        (var rank, result) = _values[slot];
        return rank;
    }

    private int Slot(int left, int right)
    {
        var key = Key(left, right);
        var slot = (int)(key * _multiplier >> _shift);
        while (_keys[slot] != key && _keys[slot] != Empty)
            slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;
}
