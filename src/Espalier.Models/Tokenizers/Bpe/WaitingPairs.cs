using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>
/// The pairs of a long word that may merge, by the position at which they begin: those of steady ranks (<see cref="MergeTable.Steady"/>)
/// in a doubly linked list a rank, the
/// others in a heap. Kept from word to word, for there is room for each rank; between two words it is empty.
/// </summary>
internal sealed class WaitingPairs
{
    private const int None = -1, Emptied = -2;

    private readonly bool[] _steady;
    private readonly int[] _last;
    private readonly PriorityQueue<int, int> _lists = new();
    private readonly PriorityQueue<int, ulong> _single = new();

    public WaitingPairs(MergeTable table)
    {
        _steady = table.Steady;
        _last = new int[table.Ranks];
        Array.Fill(_last, None);
    }

    /// <summary>Begins a word.</summary>
    /// <param name="memory">Three places for each symbol; what is in them does not matter.</param>
    public Word Begin(Span<int> memory) => new(this, memory);

    /// <summary>The pairs of one word.</summary>
    internal readonly ref struct Word
    {
        /// <summary>The rank of the pair that begins at a position; NoRank where there is none.</summary>
        public readonly Span<int> Ranks;

        private readonly Span<int> _older, _newer;
        private readonly WaitingPairs _pairs;

        internal Word(WaitingPairs pairs, Span<int> memory)
        {
            var n = memory.Length / 3;
            _pairs = pairs;
            Ranks = memory[..n];
            _older = memory[n..(2 * n)];
            _newer = memory[(2 * n)..];
        }

        /// <summary>Puts a pair, which may be one that does not merge, at a position where none is.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Put(int at, int rank)
        {
            Ranks[at] = rank;
            if (rank == MergeTable.NoRank)
                return;
            if (!_pairs._steady[rank])
            {
                _pairs._single.Enqueue(at, Order(rank, at));
                return;
            }
            var before = _pairs._last[rank];
            if (before == None)
                _pairs._lists.Enqueue(rank, rank);
            if (before >= 0)
                _newer[before] = at;
            _older[at] = before >= 0 ? before : None;
            _newer[at] = None;
            _pairs._last[rank] = at;
        }

        /// <summary>
        /// Takes away the pair at a position, if there is one. What is in the heap, or in the list that was taken whole, stays there and
        /// is known by its rank.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Remove(int at, int taken)
        {
            var rank = Ranks[at];
            Ranks[at] = MergeTable.NoRank;
            if (rank == MergeTable.NoRank || rank == taken || !_pairs._steady[rank])
                return;
            var (before, after) = (_older[at], _newer[at]);
            if (before >= 0)
                _newer[before] = after;
            if (after >= 0)
                _older[after] = before;
            else
                _pairs._last[rank] = before >= 0 ? before : Emptied; // its rank is still queued
        }

        /// <summary>
        /// Takes the positions of the lowest rank, ascending: all of a list, or the first of the heap. Returns how many, 0 where nothing
        /// waits any more.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public int Take(Span<int> positions, out int rank)
        {
            while (true)
            {
                var isList = _pairs._lists.TryPeek(out rank, out _);
                if (_pairs._single.TryPeek(out var single, out var order) && (!isList || order < Order(rank, 0)))
                {
                    _pairs._single.Dequeue();
                    (rank, positions[0]) = ((int)(order >> 32), single);
                    return 1;
                }
                if (!isList)
                    return 0;
                _pairs._lists.Dequeue();
                if (TakeList(rank, positions) is > 0 and var count)
                    return count;
            }
        }

        private int TakeList(int rank, Span<int> positions)
        {
            var (count, ascending) = (0, true);
            for (var at = _pairs._last[rank]; at >= 0; at = _older[at])
            {
                ascending &= count == 0 || at < positions[count - 1];
                positions[count++] = at;
            }
            _pairs._last[rank] = None;
            if (ascending)
                positions[..count].Reverse();
            else
                positions[..count].Sort();
            return count;
        }

        private static ulong Order(int rank, int at) => (ulong)(uint)rank << 32 | (uint)at;
    }
}
