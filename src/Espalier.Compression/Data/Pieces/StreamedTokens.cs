using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Pieces;

/// <summary>
/// Training tokens of which only some pieces lie on the disk. Reads anywhere; the piece that is read is made where it is not there, the
/// next one ahead of its time, and where three are there the one that is needed last goes. Dispose it; pieces stay then, for a run that
/// goes on.
/// </summary>
internal sealed class StreamedTokens : IDocumentTokens, IDisposable
{
    private readonly PieceSource _source;
    private readonly int? _vocabularySize;
    private readonly CancellationToken _stop;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, Piece> _open = [];
    private readonly HashSet<int> _onDisk = [];
    private PieceMaker? _maker;
    private int _current = -1;

    /// <summary>Opens; what an earlier start left of pieces is used where it is what it must be.</summary>
    /// <param name="name">What the user knows the text by.</param>
    /// <param name="vocabularySize">The vocabulary of the model that reads.</param>
    /// <param name="stop">Cancelled when the run ends.</param>
    public StreamedTokens(PieceSource source, string name, int? vocabularySize, CancellationToken stop)
    {
        (_source, Name, _vocabularySize, _stop) = (source, name, vocabularySize, stop);
        for (var piece = 0; piece < Index.Pieces.Count; piece++)
            if (Directory.Exists(source.PathOf(piece)))
                if (IsGood(piece))
                    _onDisk.Add(piece);
                else
                    source.Delete(piece);
    }

    public long Count => Index.Count;

    public string Name { get; }

    /// <summary>Where pieces begin and what they hold.</summary>
    public PieceIndex Index => _source.Index;

    public DocumentBoundaries Boundaries => new PieceBoundaries(this);

    public void Read(long position, Span<int> destination)
    {
        while (Part(position, destination.Length, out var inside, out var count) is { } piece && destination.Length > 0)
        {
            lock (_gate)
                Ensure(piece).Store.Read(inside, destination[..count]);
            destination = destination[count..];
            position += count;
        }
    }

    /// <summary>Deletes all pieces: nobody needs them any more.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            Close();
            foreach (var piece in _onDisk)
                _source.Delete(piece);
            _onDisk.Clear();
            if (Directory.Exists(_source.Folder) && !Directory.EnumerateFileSystemEntries(_source.Folder).Any())
                DurableFiles.OnDisk.TryDelete(_source.Folder);
        }
    }

    /// <summary>Closes files, and ends what is made ahead.</summary>
    public void Dispose()
    {
        lock (_gate)
            Close();
    }

    private bool Begins(long position)
    {
        var (piece, inside) = Math.DivRem(position, Index.PieceTokens);
        lock (_gate)
            return Array.BinarySearch(Ensure((int)piece).Starts, inside) >= 0;
    }

    private int? Part(long position, int length, out long inside, out int count)
    {
        this.RequireWithin(position, length);
        (var piece, inside) = Math.DivRem(position, Index.PieceTokens);
        count = (int)Math.Min(length, Index.PieceTokens - inside);
        return (int)piece;
    }

    private Piece Ensure(int piece)
    {
        if (piece == _current)
            return _open[piece];
        if (!_onDisk.Contains(piece))
            Make(piece);
        if (!_open.TryGetValue(piece, out var open))
            _open.Add(piece, open = new(TokenStore.Open(_source.PathOf(piece), _vocabularySize, Name)));
        // Threads that read a step's rows may stand on both sides of a border: only what lies ahead moves on.
        if (_current < 0 || piece != Before(_current))
        {
            _current = piece;
            Prepare((piece + 1) % Index.Pieces.Count);
        }
        return open;
    }

    private int Before(int piece) => (piece + Index.Pieces.Count - 1) % Index.Pieces.Count;

    /// <summary>Makes a piece and waits for it.</summary>
    private void Make(int piece)
    {
        Prepare(piece);
        if (_onDisk.Contains(piece))
            return;
        _maker!.Wait(piece);
        _onDisk.Add(piece);
    }

    /// <summary>Sees to it that a piece is being made, where it is not there.</summary>
    private void Prepare(int piece)
    {
        NoteMade();
        if (_onDisk.Contains(piece))
            return;
        MakeRoomFor(piece);
        if (_maker is { IsOver: false } && _maker.Next == piece)
        {
            _maker.Allow(piece);
            return;
        }
        _maker?.Dispose();
        // It may have ended one since it was asked.
        NoteMade();
        _maker = null;
        if (!_onDisk.Contains(piece))
            _maker = new(_source, piece, _stop);
    }

    /// <summary>Those that were made ahead lie there by now.</summary>
    private void NoteMade()
    {
        if (_maker is { Next: > 0 and var next } && File.Exists(Path.Combine(_source.PathOf(next - 1), TokenStoreWriter.IndexName)))
            _onDisk.Add(next - 1);
    }

    private void MakeRoomFor(int piece)
    {
        while (_onDisk.Count >= PieceIndexWriter.Held)
        {
            var from = _current < 0 ? piece : _current;
            var last = _onDisk.Where(held => held != from && (held != Before(from) || _onDisk.Count > PieceIndexWriter.Held))
                .MaxBy(held => (held - from + Index.Pieces.Count) % Index.Pieces.Count);
            if (_open.Remove(last, out var open))
                open.Store.Dispose();
            _source.Delete(last);
            _onDisk.Remove(last);
        }
    }

    private bool IsGood(int piece)
    {
        try
        {
            var store = PathOf(piece, TokenStoreWriter.TokensName);
            return File.Exists(PathOf(piece, TokenStoreWriter.IndexName))
                && new FileInfo(store) is { Exists: true } file
                && file.Length == Index.TokensOf(piece) * Index.BytesOfToken && ContentHash.OfFile(store) == Index.Pieces[piece].Sha256;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or EspalierException)
        {
            return false;
        }
    }

    private string PathOf(int piece, string name) => Path.Combine(_source.PathOf(piece), name);

    private void Close()
    {
        _maker?.Dispose();
        NoteMade();
        _maker = null;
        foreach (var piece in _open.Values)
            piece.Store.Dispose();
        _open.Clear();
        _current = -1;
    }

    /// <summary>A piece that is read.</summary>
    private sealed class Piece(TokenStore store)
    {
        private long[]? _starts;

        public TokenStore Store => store;

        public long[] Starts => _starts ??= store.ReadDocumentStarts();
    }

    /// <summary>Documents of all pieces; one that a piece goes on with begins there anew, where a window begins in any case.</summary>
    private sealed class PieceBoundaries(StreamedTokens tokens) : DocumentBoundaries
    {
        protected override bool Begins(long position, long before) => tokens.Begins(position);
    }
}
