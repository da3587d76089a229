using System.Numerics;
using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>Rank and result of each mergeable pair, in an open-addressing table: the hottest look-up of encoding.</summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that does not merge: above every real one.</summary>
    public const int NoRank = int.MaxValue;

    /// <summary>What <see cref="Find(int, int)"/> gives for a pair that does not merge: above every other.</summary>
    public const ulong NoMerge = (ulong)NoRank << 32 | uint.MaxValue;

    private const ulong Empty = ulong.MaxValue;

    private readonly (ulong Key, ulong Merge)[] _entries;
    private readonly int _shift;

    // Drawn anew for each table, so that no file can be written whose pairs all collide. No id depends on it.
    private readonly ulong _multiplier = (ulong)Random.Shared.NextInt64() << 1 | 1;

    private readonly Lazy<bool[]> _steady;
    private int[] _results;

    /// <summary>A table with room for <paramref name="capacity"/> pairs.</summary>
    public MergeTable(int capacity)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2L));
        _shift = 64 - BitOperations.Log2((uint)size);
        _entries = new (ulong, ulong)[size];
        Array.Fill(_entries, (Empty, NoMerge));
        _results = new int[capacity];
        _steady = new(FindSteady);
    }

    /// <summary>Ranks are below it.</summary>
    public int Ranks { get; private set; }

    /// <summary>
    /// For each rank, whether its merge can make no pair of lower rank: true for all where training left the table, false for some where
    /// the ways to split each token were
    /// written as merges afterwards, as for Llama 3.
    /// </summary>
    public bool[] Steady => _steady.Value;

    /// <summary>Adds a pair; a pair that is there already gets the new rank. Not after a first look at <see cref="Steady"/>.</summary>
    public void Set(int left, int right, int rank, int result)
    {
        _entries[Slot(left, right)] = (Key(left, right), (ulong)(uint)rank << 32 | (uint)result);
        Ranks = Math.Max(Ranks, rank + 1);
        if (rank >= _results.Length)
            Array.Resize(ref _results, Math.Max(rank + 1, 2 * _results.Length));
        _results[rank] = result;
    }

    /// <summary>
    /// The pair's rank, in the upper half, and the id of the token that it becomes; <see cref="NoMerge"/> for none. The lower number
    /// merges first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ulong Find(int left, int right) => _entries[Slot(left, right)].Merge;

    /// <summary>The pair's rank, or <see cref="NoRank"/>.</summary>
    public int Rank(int left, int right) => (int)(Find(left, right) >> 32);

    /// <summary>The id that the merge of a rank makes.</summary>
    public int ResultOf(int rank) => _results[rank];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Slot(int left, int right)
    {
        var key = Key(left, right);
        var entries = _entries;
        var slot = (int)(key * _multiplier >> _shift);
        while (entries[slot].Key is var found && found != key && found != Empty)
            slot = (slot + 1) & (entries.Length - 1);
        return slot;
    }

    private static ulong Key(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    private bool[] FindSteady()
    {
        var steady = new bool[Ranks];
        var lowestUse = new Dictionary<int, int>();
        foreach (var (key, merge) in _entries)
            if (key != Empty)
                foreach (var part in (ReadOnlySpan<int>)[(int)(key >> 32), (int)key])
                    lowestUse[part] = Math.Min(lowestUse.GetValueOrDefault(part, NoRank), (int)(merge >> 32));
        foreach (var (key, merge) in _entries)
            if (key != Empty)
                steady[(int)(merge >> 32)] = lowestUse.GetValueOrDefault((int)merge, NoRank) > (int)(merge >> 32);
        return steady;
    }
}
