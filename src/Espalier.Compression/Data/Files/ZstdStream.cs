using ZstdSharp;

namespace Espalier.Compression.Data.Files;

/// <summary>Reads zstd frames; damage and an early end are an <see cref="InvalidDataException"/>, as they are for gzip.</summary>
internal sealed class ZstdStream(Stream packed) : UnpackingStream
{
    // A frame that asks for a window above 128 MB (zstd --ultra --long) is refused by the library.
    private readonly DecompressionStream _text = new(packed, checkEndOfStream: true, leaveOpen: true);

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return _text.Read(buffer);
        }
        catch (Exception error) when (error is ZstdException or EndOfStreamException)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _text.Dispose();
        base.Dispose(disposing);
    }
}
