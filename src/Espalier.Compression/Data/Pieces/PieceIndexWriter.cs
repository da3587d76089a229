using System.Buffers.Binary;
using System.Security.Cryptography;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Data.Pieces;

/// <summary>
/// Takes the training documents of a source one after the other and notes where pieces begin and what they hold, without writing their ids.
/// Dispose it.
/// </summary>
internal sealed class PieceIndexWriter : IDisposable
{
    /// <summary>Pieces that lie on the disk at once: the one before, that which is trained on, and the next.</summary>
    public const int Held = 3;

    private readonly int _window, _bytesOfToken;
    private readonly long _pieceWindows;
    private readonly IncrementalHash _piece = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly KeptDocuments _kept = new();
    private readonly List<PieceMark> _marks = [];
    private readonly byte[] _bytes;
    private PieceMark? _begun, _beginsWindow;
    private long _windows;
    private int _filled;

    /// <param name="disk">Bytes that pieces may take at once.</param>
    /// <param name="window">Ids of a window.</param>
    /// <param name="bytesOfToken">Bytes of an id on disk.</param>
    /// <exception cref="EspalierException">The share is smaller than three windows.</exception>
    public PieceIndexWriter(long disk, int window, int bytesOfToken)
    {
        (_window, _bytesOfToken) = (window, bytesOfToken);
        _pieceWindows = Windows(disk, window, bytesOfToken);
        _bytes = new byte[window * bytesOfToken];
    }

    /// <summary>Windows of a piece.</summary>
    /// <param name="disk">Bytes that pieces may take at once.</param>
    /// <param name="window">Ids of a window.</param>
    /// <param name="bytesOfToken">Bytes of an id on disk.</param>
    /// <exception cref="EspalierException">The share is smaller than three windows.</exception>
    public static long Windows(long disk, int window, int bytesOfToken)
    {
        var windows = disk / Held / ((long)window * bytesOfToken);
        return windows >= 1 ? windows : throw new EspalierException(
            $"data.disk: {Units.Bytes(disk)} has no room for {Held} pieces of one window ({Held} × {window} ids of {bytesOfToken} "
            + $"bytes: {Held * (long)window * bytesOfToken} bytes); give more");
    }

    /// <summary>Takes a document for training.</summary>
    /// <param name="ids">Its ids, EOS included.</param>
    /// <param name="place">Where it stands in the source.</param>
    public void Append(ReadOnlySpan<int> ids, DocumentPlace place)
    {
        _kept.Add(place.Number);
        for (var i = 0; i < ids.Length; i++)
        {
            if (_filled == 0)
                _beginsWindow = new(place.File, place.InFile, place.Number, i, "");
            var bytes = _bytes.AsSpan(_filled * _bytesOfToken);
            if (_bytesOfToken == (int)TokenWidth.UInt16)
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)ids[i]));
            else
                BinaryPrimitives.WriteInt32LittleEndian(bytes, ids[i]);
            if (++_filled == _window)
                EndWindow();
        }
    }

    /// <summary>Writes index and kept documents into a folder that is there.</summary>
    /// <param name="source">The source as the user named it.</param>
    /// <returns>The index, and the SHA-256 of all ids, those too that make no whole window.</returns>
    public (PieceIndex Index, string Sha256) Finish(string folder, DocumentEncoder encoder, string source)
    {
        if (_begun is not null)
            EndPiece();
        _all.AppendData(_bytes.AsSpan(0, _filled * _bytesOfToken));
        var index = new PieceIndex
        {
            Version = PieceIndex.CurrentVersion,
            Window = _window,
            PieceWindows = _pieceWindows,
            Count = _windows * _window,
            BytesOfToken = _bytesOfToken,
            TokenizerSha256 = encoder.Sha256,
            Source = source,
            Pieces = _marks,
        };
        _kept.Write(folder);
        index.Write(folder);
        return (index, Convert.ToHexStringLower(_all.GetHashAndReset()));
    }

    /// <summary>Lets go of the hashes.</summary>
    public void Dispose()
    {
        _piece.Dispose();
        _all.Dispose();
    }

    private void EndWindow()
    {
        _begun ??= _beginsWindow;
        _piece.AppendData(_bytes);
        _all.AppendData(_bytes);
        _filled = 0;
        if (++_windows % _pieceWindows == 0)
            EndPiece();
    }

    private void EndPiece()
    {
        _marks.Add(_begun! with { Sha256 = Convert.ToHexStringLower(_piece.GetHashAndReset()) });
        _begun = null;
    }
}
