namespace Espalier.Compression.Data.Files;

/// <summary>
/// A stream that is read once from its beginning to its end; what is written or sought is refused. Damage and an early end are an
/// <see cref="InvalidDataException"/>.
/// </summary>
/// <param name="open">Begins to unpack.</param>
/// <param name="isDamage">Whether an error of the library is the data's fault.</param>
internal abstract class UnpackingStream(Func<Stream> open, Predicate<Exception> isDamage) : Stream
{
    private Stream? _text;

    public sealed override bool CanRead => true;

    public sealed override bool CanSeek => false;

    public sealed override bool CanWrite => false;

    public sealed override long Length => throw new NotSupportedException();

    public sealed override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public sealed override int Read(Span<byte> buffer)
    {
        try
        {
            return (_text ??= open()).Read(buffer);
        }
        catch (Exception error) when (isDamage(error))
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    public sealed override void Flush()
    {
    }

    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public sealed override void SetLength(long value) => throw new NotSupportedException();

    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected sealed override void Dispose(bool disposing)
    {
        if (disposing)
            _text?.Dispose();
        base.Dispose(disposing);
    }
}
