using System.Numerics;
using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Unigram;

/// <summary>
/// Which pieces begin at a place: a tree over UTF-16 units in one open-addressing table, as <see cref="Bpe.MergeTable"/> is.
/// </summary>
internal sealed class PieceTrie
{
    /// <summary>The node before the first unit.</summary>
    public const int Root = 0;

    // Drawn anew for each tree, so that no file can be written whose entries all collide. No id depends on it.
    private readonly ulong _multiplier = (ulong)Random.Shared.NextInt64() << 1 | 1;
    private (ulong Key, int Child)[] _entries = new (ulong, int)[1024];
    private int[] _ids = [-1];
    private int _nodes = 1;

    /// <summary>Adds a piece; of the same pieces, the last counts.</summary>
    public void Add(string piece, int id)
    {
        var node = Root;
        foreach (var unit in piece)
        {
            var child = Step(node, unit);
            if (child < 0)
                Put(node, unit, child = NewNode());
            node = child;
        }
        if (piece.Length > 0)
            _ids[node] = id;
    }

    /// <summary>The node after a further unit; −1 where no piece goes on so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Step(int node, char unit)
    {
        var key = Key(node, unit);
        var entries = _entries;
        for (var slot = Slot(key); ; slot = (slot + 1) & (entries.Length - 1))
        {
            if (entries[slot].Key == key)
                return entries[slot].Child;
            if (entries[slot].Key == 0)
                return -1;
        }
    }

    /// <summary>The piece that ends at a node; −1 for none.</summary>
    public int IdAt(int node) => _ids[node];

    private int NewNode()
    {
        if (_nodes == _ids.Length)
            Array.Resize(ref _ids, 2 * _ids.Length);
        _ids[_nodes] = -1;
        return _nodes++;
    }

    private void Put(int node, char unit, int child)
    {
        if (2 * _nodes > _entries.Length)
        {
            var old = _entries;
            _entries = new (ulong, int)[2 * old.Length];
            foreach (var entry in old)
                if (entry.Key != 0)
                    Place(entry.Key, entry.Child);
        }
        Place(Key(node, unit), child);
    }

    private void Place(ulong key, int child)
    {
        var slot = Slot(key);
        while (_entries[slot].Key != 0)
            slot = (slot + 1) & (_entries.Length - 1);
        _entries[slot] = (key, child);
    }

    private int Slot(ulong key) => (int)(key * _multiplier >> (64 - BitOperations.Log2((uint)_entries.Length)));

    // Never 0.
    private static ulong Key(int node, char unit) => (ulong)(uint)node << 17 | unit | 1u << 16;
}
