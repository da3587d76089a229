using System.Runtime.InteropServices;
using Espalier.Models.Generation.Rows;

namespace Espalier.Models.Serving;

/// <summary>The rows of one pass through the model: of each running sequence its next positions.</summary>
/// <param name="capacity">Most rows.</param>
internal sealed class StepRows(int capacity)
{
    private readonly List<(ServedSequence Sequence, int Count)> _parts = [];
    private readonly int[] _positions = new int[capacity], _ids = new int[capacity], _lengths = new int[capacity],
        _slots = new int[capacity], _wanted = new int[capacity];
    private int[] _table = [];
    private int _count;

    public int Count => _count;

    /// <summary>The sequences and how many of their positions go through.</summary>
    public IReadOnlyList<(ServedSequence Sequence, int Count)> Parts => _parts;

    /// <summary>Begins the next pass.</summary>
    public void Clear()
    {
        _parts.Clear();
        _count = 0;
    }

    /// <summary>Adds a sequence's next positions, whose blocks it has.</summary>
    public void Add(ServedSequence sequence, int count)
    {
        _parts.Add((sequence, count));
        _count += count;
    }

    /// <summary>Runs them. Those sequences that have all their positions in get logits, in the order of <see cref="Parts"/>.</summary>
    public void Run(RowDecoder decoder)
    {
        var width = _parts.Max(static part => part.Sequence.Blocks.Count);
        if (_table.Length < _count * width)
            _table = new int[_count * width];
        var (row, wanted) = (0, 0);
        foreach (var (sequence, count) in _parts)
        {
            var blocks = CollectionsMarshal.AsSpan(sequence.Blocks);
            for (var i = 0; i < count; i++, row++)
            {
                _positions[row] = sequence.Done + i;
                _lengths[row] = sequence.Ids.Count;
                _ids[row] = sequence.Ids[sequence.Done + i];
                _slots[row] = sequence.Slot;
                blocks.CopyTo(_table.AsSpan(row * width));
            }
            if (count == sequence.Pending && !sequence.Request.Embeds)
                _wanted[wanted++] = row - 1;
        }
        decoder.TakeIn(
            _table.AsSpan(0, _count * width), _slots.AsSpan(0, _count), _positions.AsSpan(0, _count), _ids.AsSpan(0, _count),
            _lengths.AsSpan(0, _count));
        Pool(decoder);
        decoder.Want(_wanted.AsSpan(0, wanted));
    }

    private void Pool(RowDecoder decoder)
    {
        if (!_parts.Exists(static part => part.Sequence.Request.Embeds))
            return;
        decoder.Norm(_count);
        var row = 0;
        foreach (var (sequence, count) in _parts)
        {
            for (var i = 0; i < count && sequence.Request.Embeds; i++)
                sequence.Pool(decoder.Hidden(row + i));
            row += count;
        }
    }
}
