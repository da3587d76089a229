using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;

namespace Espalier.Models.Generation;

/// <summary>
/// One sequence whose keys and values stay from one call to the next: what a new text begins with in common with the one before is not
/// computed again; with layers that are recurrent only where the new text begins with all of the one before. Bits may differ from those of
/// a text that is read at once, for other kernels compute what follows. Not for several threads. Dispose it.
/// </summary>
/// <param name="weights">The weights, which stay the caller's.</param>
/// <param name="capacity">Most ids of a text; memory for the keys and values of so many is taken at once.</param>
internal sealed class KeptSequence(PackedWeights weights, int capacity) : IDisposable
{
    // Positions that go through at once: each weight is read once for all of them.
    private const int Piece = 64;

    private readonly RowDecoder _decoder = new(weights, 1, capacity, Math.Min(Piece, capacity), wanted: 1, capacity, slots: 1);
    private readonly List<int> _ids = [];

    public int Count => _ids.Count;

    /// <summary>Takes a text in the place of the one before.</summary>
    /// <param name="ids">Its ids, from one to the capacity.</param>
    /// <param name="stop">Stops between two pieces; the ids that are in stay.</param>
    /// <param name="reused">Ids from the front that were in already.</param>
    /// <returns>The logits after its last id, which may be overwritten; good until the next call.</returns>
    public Span<float> Begin(IReadOnlyList<int> ids, CancellationToken stop, out int reused)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ids.Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ids.Count, capacity);
        reused = 0;
        // The last id is taken in again, for its logits; keys of a short text are of no use in a long one, nor the other way round.
        while (_decoder.IsLong(_ids.Count) == _decoder.IsLong(ids.Count) && reused < Math.Min(ids.Count - 1, _ids.Count)
            && ids[reused] == _ids[reused])
            reused++;
        // A state does not go back: what is not the beginning of the new text as a whole is of no use.
        if (weights.Config.IsRecurrent && reused < _ids.Count)
            reused = 0;
        _ids.RemoveRange(reused, _ids.Count - reused);
        if (reused == 0)
        {
            int[] all = [.. ids];
            var logits = _decoder.Begin(0, all, stop);
            _ids.AddRange(ids);
            return logits;
        }
        while (_ids.Count < ids.Count)
        {
            stop.ThrowIfCancellationRequested();
            int[] piece = [.. ids.Skip(_ids.Count).Take(Piece)];
            int[] positions = [.. Enumerable.Range(_ids.Count, piece.Length)];
            var isLast = _ids.Count + piece.Length == ids.Count;
            // One sequence in one block: its table is block 0, and its slot 0.
            int[] zeros = new int[piece.Length], lengths = [.. Enumerable.Repeat(ids.Count, piece.Length)];
            _decoder.Take(zeros, zeros, positions, piece, isLast ? [piece.Length - 1] : [], lengths);
            _ids.AddRange(piece);
        }
        return _decoder.Logits(0);
    }

    /// <summary>Takes one more id; there must be room for it.</summary>
    /// <returns>The logits after it, which may be overwritten; good until the next call.</returns>
    public Span<float> Next(int id)
    {
        _ids.Add(id);
        if (_decoder.IsToBegin(_ids.Count))
        {
            int[] all = [.. _ids];
            return _decoder.Begin(0, all);
        }
        _decoder.Next([0], [_ids.Count - 1], [id]);
        return _decoder.Logits(0);
    }

    public void Dispose() => _decoder.Dispose();
}
