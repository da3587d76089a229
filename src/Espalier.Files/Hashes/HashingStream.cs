namespace Espalier.Files;

/// <summary>
/// Hashes and counts what passes on its way to a file, so that a manifest says what was meant and a reading back finds what
/// went wrong in between. What comes as a large array is hashed on another thread while it is written.
/// </summary>
internal sealed class HashingStream(Stream inner, ContentHasher hash) : Stream
{
    /// <summary>Bytes from which on another thread is worth it: they take half a millisecond.</summary>
    private const int Large = 1 << 20;

    private readonly ContentHasher _hash = hash;
    private long _count;

    /// <summary>The hash of what passed.</summary>
    public string Digits() => _hash.Digits();

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _count;
    public override long Position { get => _count; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        inner.Write(buffer);
        _hash.Append(buffer);
        _count += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (count < Large)
        {
            // Not as a span, of which a stream of .NET's may make an array again.
            inner.Write(buffer, offset, count);
            _hash.Append(buffer.AsSpan(offset, count));
            _count += count;
            return;
        }
        var hashing = Task.Run(() => _hash.Append(buffer.AsSpan(offset, count)));
        try
        {
            inner.Write(buffer, offset, count);
        }
        finally
        {
            // The array is its owner's again afterwards, and the hash may be disposed.
            hashing.GetAwaiter().GetResult();
        }
        _count += count;
    }

    public override void Flush() => inner.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
