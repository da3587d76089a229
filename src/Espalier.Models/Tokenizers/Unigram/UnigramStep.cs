using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Espalier.Models.Tokenizers.Unigram;

/// <summary>
/// The last step of a Unigram model: of all ways to write a word in pieces the one whose scores sum up highest (Kudo 2018), found from left
/// to right; of equals the one found first. A character that no piece is alone may also be unknown, at ten below the lowest score.
/// Characters in a row that are unknown are one.
/// </summary>
internal sealed class UnigramStep : CachedWordStep
{
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _pieces = new();
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int? _unknown;
    private readonly int[] _bytes = new int[256];
    private readonly bool _byteFallback;

    /// <summary>A step.</summary>
    /// <param name="pieces">Text and score by id; of the same text, the last counts.</param>
    /// <param name="unknown">The id of the unknown piece.</param>
    /// <param name="byteFallback">Whether what is unknown is written in pieces such as <c>&lt;0x0A&gt;</c>, where all are there.</param>
    public UnigramStep(IReadOnlyList<(string Text, double Score)> pieces, int? unknown, bool byteFallback)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < pieces.Count; id++)
        {
            vocabulary[pieces[id].Text] = id;
            _pieces.Add(pieces[id].Text, id);
        }
        _vocabulary = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _scores = [.. pieces.Select(static piece => piece.Score)];
        _unknownScore = _scores.Min() - UnknownPenalty;
        (_unknown, _byteFallback) = (unknown, byteFallback);
        for (var value = 0; value < 256; value++)
            _bytes[value] = vocabulary.GetValueOrDefault(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), -1);
    }

    protected override void Encode(ReadOnlySpan<char> piece, IdBuffer ids)
    {
        var best = ArrayPool<double>.Shared.Rent(piece.Length + 1);
        var links = ArrayPool<int>.Shared.Rent(2 * (piece.Length + 1));
        try
        {
            var starts = links.AsSpan(0, piece.Length + 1);
            var found = links.AsSpan(piece.Length + 1, piece.Length + 1);
            Search(piece, best, starts, found);
            Write(piece, Forward(starts), found, ids);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
            ArrayPool<double>.Shared.Return(best);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Search(ReadOnlySpan<char> piece, Span<double> best, Span<int> starts, Span<int> found)
    {
        starts.Fill(-1);
        best[0] = 0;
        for (int at = 0, length; at < piece.Length; at += length)
        {
            length = char.IsHighSurrogate(piece[at]) ? 2 : 1;
            var (before, alone) = (best[at], false);
            for (int end = at, node = PieceTrie.Root; end < piece.Length && (node = _pieces.Step(node, piece[end])) >= 0;)
            {
                end++;
                if (_pieces.IdAt(node) is not (>= 0 and var id))
                    continue;
                Offer(end, before + _scores[id], id, at, best, starts, found);
                alone |= end == at + length;
            }
            if (!alone && (starts[at + length] < 0 || before + _unknownScore > best[at + length]))
                Offer(at + length, before + _unknownScore,
                    _unknown ?? throw new EspalierException(
                        $"the text contains '{piece.Slice(at, length)}', which no piece of the tokenizer covers, and there is no "
                            + "unknown piece: name one with unk_id, or remove the character"),
                    at, best, starts, found);
        }
    }

    private static void Offer(int end, double score, int id, int start, Span<double> best, Span<int> starts, Span<int> found)
    {
        if (starts[end] < 0 || score > best[end])
            (best[end], starts[end], found[end]) = (score, start, id);
    }

    // Turns the links around: at each start, the end of its piece. Returns the same memory.
    private static Span<int> Forward(Span<int> starts)
    {
        for (int end = starts.Length - 1, next = end; ;)
        {
            var start = starts[end];
            starts[end] = next;
            if (end == 0)
                return starts;
            (next, end) = (end, start);
        }
    }

    private void Write(ReadOnlySpan<char> piece, ReadOnlySpan<int> ends, ReadOnlySpan<int> found, IdBuffer ids)
    {
        for (int start = 0, end; start < piece.Length; start = end)
        {
            end = ends[start];
            if (found[end] != _unknown)
            {
                ids.Add(found[end]);
                continue;
            }
            while (end < piece.Length && found[ends[end]] == _unknown)
                end = ends[end];
            WriteUnknown(piece[start..end], ids);
        }
    }

    private void WriteUnknown(ReadOnlySpan<char> text, IdBuffer ids)
    {
        if (_vocabulary.TryGetValue(text, out var id))
        {
            ids.Add(id);
            return;
        }
        if (_byteFallback)
        {
            var size = Encoding.UTF8.GetByteCount(text);
            var bytes = ArrayPool<byte>.Shared.Rent(size);
            Encoding.UTF8.GetBytes(text, bytes);
            var whole = true;
            foreach (var value in bytes.AsSpan(0, size))
                whole &= _bytes[value] >= 0;
            if (whole)
                foreach (var value in bytes.AsSpan(0, size))
                    ids.Add(_bytes[value]);
            ArrayPool<byte>.Shared.Return(bytes);
            if (whole)
                return;
        }
        ids.Add(_unknown!.Value);
    }
}
