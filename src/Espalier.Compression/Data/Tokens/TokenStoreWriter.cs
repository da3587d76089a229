using System.Buffers.Binary;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Tokens;

/// <summary>
/// Writes a token store: <c>tokens.bin</c>, <c>documents.bin</c> and, last, <c>tokens.json</c>, whose presence says
/// that the store is whole. Until <see cref="Finish"/> everything has temporary names, which disposing removes.
/// </summary>
internal sealed class TokenStoreWriter : IDisposable
{
    internal const string TokensName = "tokens.bin", DocumentsName = "documents.bin", IndexName = "tokens.json";

    private readonly string _folder, _source;
    private readonly DocumentEncoder _encoder;
    private readonly TokenWidth _width;
    private readonly DurableFiles _files = DurableFiles.OnDisk;
    private readonly UnfinishedFile _tokens, _documents;
    private byte[] _bytes = [];
    private long _count, _documentCount, _textBytes;

    /// <summary>Begins a store in a folder, which is created; a store that lies there is replaced when this one is finished.</summary>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public TokenStoreWriter(string folder, DocumentEncoder encoder, string source)
    {
        (_folder, _encoder, _source) = (Path.GetFullPath(folder), encoder, source);
        _width = TokenWidths.Of(encoder.VocabularySize);
        try
        {
            _files.EnsureFolder(_folder);
            _tokens = Begin(TokensName);
            _documents = Begin(DocumentsName);
        }
        catch (Exception error)
        {
            _tokens?.Dispose();
            if (error is IOException or UnauthorizedAccessException)
                throw DurableOutput.Refused(_folder, error);
            throw;
        }
    }

    /// <summary>Ids written so far.</summary>
    public long Count => _count;

    /// <summary>Bytes of one id.</summary>
    public int BytesOfToken => (int)_width;

    /// <summary>Documents written so far.</summary>
    public long Documents => _documentCount;

    /// <summary>Appends one document.</summary>
    /// <param name="ids">Its ids, EOS included, all below the encoder's vocabulary.</param>
    /// <param name="utf8Bytes">UTF-8 bytes of its text.</param>
    public void Append(ReadOnlySpan<int> ids, long utf8Bytes)
    {
        var length = ids.Length * (int)_width;
        if (_bytes.Length < Math.Max(8, length))
            _bytes = new byte[Math.Max(8, 2 * length)];
        BinaryPrimitives.WriteInt64LittleEndian(_bytes, _count);
        Write(_documents, DocumentsName, 8);
        for (var i = 0; i < ids.Length; i++)
            if (_width == TokenWidth.UInt16)
                BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(2 * i), checked((ushort)ids[i]));
            else
                BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(4 * i), ids[i]);
        Write(_tokens, TokensName, length);
        _count += ids.Length;
        _documentCount++;
        _textBytes += utf8Bytes;
    }

    /// <summary>Flushes all to the disk, then gives the files their names, the index last.</summary>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public TokenStoreIndex Finish() => DurableOutput.Guard(Path.Combine(_folder, IndexName), () =>
    {
        var tokens = _tokens.Flush();
        _documents.Flush();
        var index = new TokenStoreIndex
        {
            Version = TokenStoreIndex.CurrentVersion,
            Count = _count,
            Dtype = TokenStoreIndex.DtypeName(_width),
            Documents = _documentCount,
            VocabularySize = _encoder.VocabularySize,
            TextBytes = _textBytes,
            TokenizerSha256 = _encoder.Sha256,
            TokensSha256 = tokens.Sha256,
            Source = _source,
        };
        using var json = Begin(IndexName);
        JsonSerializer.Serialize(json.Stream, index, DataJson.Options);
        json.Flush();
        // Without an index there is no store: the old one ends before its files do.
        _files.DeleteFile(Path.Combine(_folder, IndexName));
        _tokens.Publish();
        _documents.Publish();
        json.Publish();
        return index;
    });

    /// <summary>Closes the files and removes what is not finished.</summary>
    public void Dispose()
    {
        using (_tokens)
            _documents.Dispose();
    }

    private UnfinishedFile Begin(string name)
    {
        var path = Path.Combine(_folder, name);
        _files.Sweep(path);
        return _files.Begin(path);
    }

    private void Write(UnfinishedFile file, string name, int length)
    {
        try
        {
            file.Stream.Write(_bytes, 0, length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DurableOutput.Refused(Path.Combine(_folder, name), error);
        }
    }
}
