using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>
/// A new file that is flushed to the disk piece by piece on another thread while more is written and hashed, so that little is left for
/// the flush at the
/// end to wait for. What a flush finds wrong the system says once, so it is kept for the next write or for the last flush, which alone
/// promises that all
/// is on the disk.
/// </summary>
/// <param name="path">The file; nothing of that name may be there.</param>
/// <param name="flush">Flushes what was written so far.</param>
/// <param name="piece">Bytes of a piece.</param>
internal sealed class EarlyFlushStream(string path, Action<SafeFileHandle> flush, int piece)
    : FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0)
{
    private Task _flush = Task.CompletedTask;
    private long _sent;

    /// <summary>Spans come here too, as arrays: .NET hands them to the method that a class made of its own may have replaced.</summary>
    public override void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            base.Write(buffer, offset, count);
        }
        catch (ArgumentOutOfRangeException error) when (offset >= 0 && count >= 0 && count <= buffer.Length - offset)
        {
            // How .NET says that the system allows no longer file.
            throw new IOException($"a file of {Position + count} bytes is longer than the file system or a limit (ulimit -f) allows",
                error);
        }
        if (Position - _sent < piece || !_flush.IsCompleted)
            return;
        _flush.GetAwaiter().GetResult();
        _sent = Position;
        _flush = Task.Run(() => flush(SafeFileHandle));
    }

    public override void Flush(bool flushToDisk)
    {
        if (flushToDisk)
            _flush.GetAwaiter().GetResult();
        base.Flush(flushToDisk);
    }

    protected override void Dispose(bool disposing)
    {
        // Nobody flushes a file that is closed. Who wanted to know what went wrong has flushed before.
        if (disposing)
            Task.WaitAny(_flush);
        base.Dispose(disposing);
    }
}
