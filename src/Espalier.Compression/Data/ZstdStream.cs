using ZstdSharp;

namespace Espalier.Compression.Data;

/// <summary>Reads zstd frames; damage and an early end are an <see cref="InvalidDataException"/>, as they are for gzip.</summary>
internal sealed class ZstdStream(Stream packed) : Stream
{
    // A frame that asks for a window above 128 MB (zstd --ultra --long) is refused by the library.
    private readonly DecompressionStream _text = new(packed, checkEndOfStream: true, leaveOpen: true);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

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

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _text.Dispose();
        base.Dispose(disposing);
    }
}
