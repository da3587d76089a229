namespace Espalier.Models.Serving;

/// <summary>
/// Who uses which block of keys and values (PagedAttention, arXiv 2309.06180, section 4.3), and which block holds which ids: sequences with
/// the same beginning share its blocks. A block that nobody uses any more is kept with its ids until another needs the room; the one that
/// was given back longest ago goes first. Not for several threads.
/// </summary>
internal sealed class BlockPool
{
    private readonly int[] _references;
    private readonly BlockBeginning?[] _beginnings;
    private readonly long[] _serials;
    private readonly Stack<int> _empty;
    private readonly LinkedListNode<int>[] _nodes;
    private readonly LinkedList<int> _kept = [];
    private readonly Dictionary<BlockBeginning, int> _known = [];
    private long _lastSerial;

    /// <summary>A number of blocks, all free.</summary>
    public BlockPool(int count, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        (Count, Size) = (count, size);
        (_references, _beginnings, _serials) = (new int[count], new BlockBeginning?[count], new long[count]);
        _empty = new(Enumerable.Range(0, count).Reverse());
        _nodes = [.. Enumerable.Range(0, count).Select(static block => new LinkedListNode<int>(block))];
    }

    public int Count { get; }

    /// <summary>Positions of a block.</summary>
    public int Size { get; }

    /// <summary>Blocks that can be taken: empty ones, and those that are kept for their ids alone.</summary>
    public int Free => _empty.Count + _kept.Count;

    /// <summary>Blocks that nobody uses and that still have their ids.</summary>
    public int Kept => _kept.Count;

    public int BlocksOf(int positions) => (positions + Size - 1) / Size;

    /// <summary>Takes a block for one sequence; false where all are in use.</summary>
    public bool TryTake(out int block)
    {
        if (!_empty.TryPop(out block))
        {
            if (_kept.First is not { } oldest)
                return false;
            block = oldest.Value;
            _kept.Remove(oldest);
            _known.Remove(_beginnings[block]!);
            _beginnings[block] = null;
        }
        _references[block] = 1;
        return true;
    }

    /// <summary>Gives a block back; the last who does so frees it. The blocks of a sequence are given back from its end.</summary>
    public void Release(int block)
    {
        if (_references[block] <= 0)
            throw new InvalidOperationException($"block {block} is returned but not in use");
        if (--_references[block] > 0)
            return;
        if (_beginnings[block] is null)
            _empty.Push(block);
        else
            _kept.AddLast(_nodes[block]);
    }

    /// <summary>The block that follows another one with these ids, for one more sequence; false where there is none.</summary>
    /// <param name="parent">What <see cref="Know"/> gave for the block before; 0 or below at the start of a sequence, by its kind.</param>
    /// <param name="ids">As many ids as a block has positions.</param>
    /// <param name="block">The block.</param>
    /// <param name="serial">Its own number, the parent of the next.</param>
    public bool TryShare(long parent, ReadOnlySpan<int> ids, out int block, out long serial)
    {
        serial = 0;
        if (!_known.TryGetValue(new(parent, ids.ToArray()), out block))
            return false;
        if (_references[block]++ == 0)
            _kept.Remove(_nodes[block]);
        serial = _serials[block];
        return true;
    }

    /// <summary>Says what a full block holds, for others to share; of equal ones the first is shared.</summary>
    /// <returns>The number of the block that is shared, the parent of the next.</returns>
    public long Know(int block, long parent, ReadOnlySpan<int> ids)
    {
        var beginning = new BlockBeginning(parent, ids.ToArray());
        if (_known.TryGetValue(beginning, out var first))
            return _serials[first];
        _known.Add(beginning, block);
        _beginnings[block] = beginning;
        return _serials[block] = ++_lastSerial;
    }
}
