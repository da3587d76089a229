using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>The real disk.</summary>
/// <param name="flush">Flushes a file's content piece by piece while it is written; by default the system.</param>
/// <param name="piece">Bytes from which on what was written is flushed early.</param>
internal sealed class DiskLayer(Action<SafeFileHandle>? flush = null, int piece = 64 << 20) : IFileLayer
{
    // errno EWOULDBLOCK, which .NET puts into HResult.
    private const int WouldBlock = 11;

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public string CreateScratchFolder(string prefix) => Directory.CreateTempSubdirectory(prefix).FullName;

    public Stream CreateFile(string path)
    {
        for (var wasSwept = false; ;)
        {
            EarlyFlushStream file;
            try
            {
                file = new EarlyFlushStream(path, flush ?? RandomAccess.FlushToDisk, piece);
            }
            // Another process sweeps, and at the instant in which nobody held the new file it took that for a dead one's. It deletes it.
            catch (IOException error) when (OperatingSystem.IsLinux() && (error.HResult == WouldBlock || wasSwept && File.Exists(path)))
            {
                wasSwept = true;
                Thread.Yield();
                continue;
            }
            if (!OperatingSystem.IsLinux())
                return file;
            // .NET takes the same lock, unless an environment variable forbids it.
            LibC.Hold(file.SafeFileHandle);
            if (LibC.IsStillThere(file.SafeFileHandle, path))
                return file;
            file.Dispose();
        }
    }

    public Stream OpenLog(string path) => PathKind.Odd(path) is { } odd
        ? throw new IOException($"{path} {odd}, but a file must be written there; delete it or move it away")
        : new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

    public void Sync(Stream stream) => ((FileStream)stream).Flush(flushToDisk: true);

    public void SyncFile(string path)
    {
        // Linux flushes through any handle, so that a read-only file can be flushed too; Windows wants one that may write.
        var access = OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read;
        using var file = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
    }

    public void SyncFolder(string path)
    {
        // Windows has no such call: its rename is as durable as it gets.
        if (OperatingSystem.IsLinux())
            LibC.SyncFolder(path);
    }

    public void Rename(string from, string to)
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to, overwrite: true);
    }

    public void RenameNew(string from, string to) => File.Move(from, to, overwrite: false);

    public void DeleteFile(string path) => File.Delete(path);

    public void DeleteFolder(string path) => Directory.Delete(path, recursive: false);
}
