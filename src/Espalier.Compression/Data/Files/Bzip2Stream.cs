using SharpCompress.Compressors.BZip2;

namespace Espalier.Compression.Data.Files;

/// <summary>
/// Reads bzip2 streams, one or several one after the other; damage and an early end are an <see cref="InvalidDataException"/>, as they are
/// for gzip.
/// </summary>
internal sealed class Bzip2Stream(Stream packed) : UnpackingStream
{
    private BZip2Stream? _text;

    public override int Read(Span<byte> buffer)
    {
        try
        {
            _text ??= BZip2Stream.Create(
                packed, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true, leaveOpen: true);
            return _text.Read(buffer);
        }
        // The library says of damaged blocks what it stumbles over, such as an index.
        catch (Exception error) when (error is EndOfStreamException or not (IOException or OutOfMemoryException))
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _text?.Dispose();
        base.Dispose(disposing);
    }
}
