namespace Espalier.Models.Serving;

// Whose turn it is: who of those that wait begins, and which positions the next pass takes in.
internal sealed partial class ServingEngine
{
    // Who needs more room than there is holds up those after it.
    private void Admit()
    {
        while (_running.Count < _options.Batch && FirstInTurn() is { } sequence)
        {
            Share(sequence);
            if (_pool.Free < Missing(sequence) + _running.Sum(Missing))
            {
                sequence.Release(_pool);
                return;
            }
            _waiting.Remove(sequence);
            Interlocked.Decrement(ref _open);
            if (sequence.Request is { MaxTokens: 0, Embeds: false })
            {
                sequence.Release(_pool);
                sequence.Receiver.End(ServedEnd.Length, null);
                continue;
            }
            sequence.Slot = _slots.Pop();
            _running.Add(sequence);
        }
    }

    // Who was put back; else the first of those asked for together of whom the fewest run, so that many answers to one do not hold up
    // others.
    private ServedSequence? FirstInTurn()
    {
        if (_waiting.First?.Value is not { HasBegun: false })
            return _waiting.First?.Value;
        var running = _running.CountBy(static sequence => sequence.Group).ToDictionary();
        return _waiting.MinBy(sequence => running.GetValueOrDefault(sequence.Group));
    }

    // Blocks up to its next id.
    private int Missing(ServedSequence sequence) => Math.Max(0, _pool.BlocksOf(sequence.Places) - sequence.Blocks.Count);

    // Those that go on come first, the oldest before the others; then prompts, in the order in which they came.
    private void Plan()
    {
        for (var i = 0; i < _running.Count; i++)
            if (_running[i].Pending == 1 && _running[i].HasBegun && HasRoom(_running[i], 1, mayPutBack: true))
                _rows.Add(_running[i], 1);
        var left = _options.PromptRows;
        for (var i = 0; i < _running.Count && left > 0; i++)
        {
            var sequence = _running[i];
            if (sequence.Pending == 1 && sequence.HasBegun)
                continue;
            Share(sequence);
            if (!sequence.HasBegun)
            {
                _promptTokens += sequence.Ids.Count;
                _reusedTokens += sequence.Done;
            }
            var count = Math.Min(left, sequence.Pending);
            // Of what is there already nothing is taken from those that go on in this pass.
            while (count > 0 && !HasRoom(sequence, count, mayPutBack: _rows.Count == 0))
                count = Math.Min(count - 1, sequence.Blocks.Count * _pool.Size - sequence.Done);
            if (count <= 0)
                return;
            sequence.Begin();
            _rows.Add(sequence, count);
            left -= count;
        }
    }

    // Blocks for its next positions; the youngest that runs is put back for them, be it this one itself.
    private bool HasRoom(ServedSequence sequence, int positions, bool mayPutBack)
    {
        while (sequence.Blocks.Count < _pool.BlocksOf(sequence.Done + positions))
        {
            if (_pool.TryTake(out var block))
            {
                sequence.Blocks.Add(block);
                continue;
            }
            if (!mayPutBack)
                return false;
            var youngest = _running[^1];
            _running.RemoveAt(_running.Count - 1);
            Release(youngest);
            _waiting.AddFirst(youngest);
            Interlocked.Increment(ref _open);
            _putBack++;
            if (youngest == sequence)
                return false;
        }
        return true;
    }

    // What begins alike is in the blocks; of a state there is none for each position, so that nothing is shared where layers have one.
    private void Share(ServedSequence sequence)
    {
        if (!Config.IsRecurrent)
            sequence.Share(_pool);
    }

    // Gives blocks and slot back.
    private void Release(ServedSequence sequence)
    {
        sequence.Release(_pool);
        if (sequence.Slot >= 0)
            _slots.Push(sequence.Slot);
        sequence.Slot = -1;
    }
}
