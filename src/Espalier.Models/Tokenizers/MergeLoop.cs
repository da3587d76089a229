using System.Buffers;

namespace Espalier.Models.Tokenizers;

/// <summary>
/// Byte-pair merging: again and again the adjacent pair of lowest rank, the leftmost of equals, becomes one symbol. Two
/// forms with the same result: a plain loop for short words, a heap over a linked list (n log n) for long ones.
/// </summary>
internal static class MergeLoop
{
    /// <summary>Above this many symbols the heap is the faster one.</summary>
    public const int PlainLimit = 40;

    /// <summary>Merges in place and returns how many symbols are left at the front of <paramref name="symbols"/>.</summary>
    public static int Merge(Span<int> symbols, MergeTable table) =>
        symbols.Length <= PlainLimit ? Plain(symbols, table) : Heap(symbols, table);

    /// <summary>Quadratic in the word's length, with a very small constant.</summary>
    public static int Plain(Span<int> symbols, MergeTable table)
    {
        var count = symbols.Length;
        Span<int> ranks = count <= PlainLimit ? stackalloc int[PlainLimit] : new int[count];
        for (var i = 0; i + 1 < count; i++)
            ranks[i] = table.Find(symbols[i], symbols[i + 1], out _);
        while (count > 1)
        {
            var (best, at) = (MergeTable.NoRank, -1);
            for (var i = 0; i < count - 1; i++)
                if (ranks[i] < best)
                    (best, at) = (ranks[i], i);
            if (at < 0)
                break;
            table.Find(symbols[at], symbols[at + 1], out symbols[at]);
            symbols[(at + 2)..count].CopyTo(symbols[(at + 1)..]);
            ranks[(at + 1)..count].CopyTo(ranks[at..]);
            count--;
            if (at > 0)
                ranks[at - 1] = table.Find(symbols[at - 1], symbols[at], out _);
            if (at < count - 1)
                ranks[at] = table.Find(symbols[at], symbols[at + 1], out _);
        }
        return count;
    }

    /// <summary>Each merge costs a few heap operations, however long the word.</summary>
    public static int Heap(Span<int> symbols, MergeTable table)
    {
        var count = symbols.Length;
        if (count < 2)
            return count;
        // previous and next symbol of each; a symbol merged away has next = Gone.
        const int none = -1, gone = -2;
        var links = ArrayPool<int>.Shared.Rent(2 * count);
        var previous = links.AsSpan(0, count);
        var next = links.AsSpan(count, count);
        var queue = new PairQueue(count);
        for (var i = 0; i < count; i++)
        {
            (previous[i], next[i]) = (i - 1, i + 1 < count ? i + 1 : none);
            if (i + 1 < count)
                queue.Append(table.Find(symbols[i], symbols[i + 1], out _), i);
        }
        queue.Order();

        while (queue.TryTake(out var rank, out var at))
        {
            // A queued pair is stale when one of its two symbols has merged since: then the pair found there has another rank.
            if (next[at] < 0 || table.Find(symbols[at], symbols[next[at]], out var result) != rank)
                continue;
            var right = next[at];
            symbols[at] = result;
            next[at] = next[right];
            next[right] = gone;
            if (next[at] >= 0)
            {
                previous[next[at]] = at;
                queue.Add(table.Find(symbols[at], symbols[next[at]], out _), at);
            }
            if (previous[at] >= 0)
                queue.Add(table.Find(symbols[previous[at]], symbols[at], out _), previous[at]);
        }

        var kept = 0;
        for (var at = 0; at >= 0; at = next[at])
            symbols[kept++] = symbols[at];
        queue.Dispose();
        ArrayPool<int>.Shared.Return(links);
        return kept;
    }

    /// <summary>A binary min-heap of (rank, position) in one 64-bit number each.</summary>
    private struct PairQueue(int capacity) : IDisposable
    {
        private ulong[] _items = ArrayPool<ulong>.Shared.Rent(capacity + 16);
        private int _count;

        /// <summary>Adds at the end, to be put in order by <see cref="Order"/>.</summary>
        public void Append(int rank, int position)
        {
            if (rank == MergeTable.NoRank)
                return;
            if (_count == _items.Length)
            {
                var larger = ArrayPool<ulong>.Shared.Rent(2 * _count);
                _items.CopyTo(larger, 0);
                ArrayPool<ulong>.Shared.Return(_items);
                _items = larger;
            }
            _items[_count++] = (ulong)(uint)rank << 32 | (uint)position;
        }

        public void Order()
        {
            for (var i = _count / 2 - 1; i >= 0; i--)
                SiftDown(i);
        }

        public void Add(int rank, int position)
        {
            var before = _count;
            Append(rank, position);
            if (_count == before)
                return;
            var (at, item) = (before, _items[before]);
            for (var parent = (at - 1) / 2; at > 0 && _items[parent] > item; parent = (at - 1) / 2)
            {
                _items[at] = _items[parent];
                at = parent;
            }
            _items[at] = item;
        }

        public bool TryTake(out int rank, out int position)
        {
            (rank, position) = (0, 0);
            if (_count == 0)
                return false;
            (rank, position) = ((int)(_items[0] >> 32), (int)(uint)_items[0]);
            _items[0] = _items[--_count];
            SiftDown(0);
            return true;
        }

        public readonly void Dispose() => ArrayPool<ulong>.Shared.Return(_items);

        private readonly void SiftDown(int at)
        {
            var item = _items[at];
            for (var child = 2 * at + 1; child < _count; child = 2 * at + 1)
            {
                if (child + 1 < _count && _items[child + 1] < _items[child])
                    child++;
                if (_items[child] >= item)
                    break;
                _items[at] = _items[child];
                at = child;
            }
            _items[at] = item;
        }
    }
}
