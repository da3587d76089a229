using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data;

/// <summary>
/// The training tokens of a corpus on their way to the disk: a store as long as it stays within the disk's share, else an index of pieces
/// alone. Dispose it.
/// </summary>
internal sealed class TrainingSide : IDisposable
{
    private readonly string _folder, _source;
    private readonly DocumentEncoder _encoder;
    private readonly long? _disk;
    private readonly TokenStoreWriter _store;
    private readonly PieceIndexWriter? _pieces;
    private bool _streams;
    private long _textBytes;

    /// <param name="folder">The folder; created.</param>
    /// <param name="source">The source as the user named it.</param>
    /// <param name="disk">Bytes that the ids may take on the disk; null for as many as there are.</param>
    /// <param name="window">Ids of a window; pieces are cut between windows.</param>
    public TrainingSide(string folder, DocumentEncoder encoder, string source, long? disk, int window)
    {
        (_folder, _encoder, _source, _disk) = (folder, encoder, source, disk);
        _store = new(folder, encoder, source);
        try
        {
            _pieces = disk is { } share ? new(share, window, _store.BytesOfToken) : null;
        }
        catch
        {
            _store.Dispose();
            throw;
        }
    }

    /// <summary>Ids so far.</summary>
    public long Count { get; private set; }

    /// <summary>Documents so far.</summary>
    public long Documents { get; private set; }

    /// <summary>Bytes of an id on disk.</summary>
    public int BytesOfToken => _store.BytesOfToken;

    /// <summary>Takes a document.</summary>
    public void Append(EncodedDocument document)
    {
        Count += document.Ids.Length;
        Documents++;
        _textBytes += document.Utf8Bytes;
        _pieces?.Append(document.Ids.Span, document.Place);
        if (!_streams && Count * BytesOfToken > _disk)
        {
            _streams = true;
            _store.Dispose();
        }
        if (!_streams)
            _store.Append(document.Ids.Span, document.Utf8Bytes);
    }

    /// <summary>Publishes what there is: a store, or an index of pieces.</summary>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public CorpusSide Finish()
    {
        if (_streams)
            return new(Documents, Count, _textBytes, _pieces!.Finish(_folder, _encoder, _source).Sha256);
        var index = _store.Finish();
        return new(index.Documents, index.Count, index.TextBytes, index.TokensSha256);
    }

    /// <summary>Removes what is not finished.</summary>
    public void Dispose()
    {
        _store.Dispose();
        _pieces?.Dispose();
    }
}
