using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Espalier.Cli.Machine;

/// <summary>A disk as a run sees it: free bytes, and bytes a second written (to the platter: fsync) and read (past the cache).</summary>
internal sealed record DiskSpeed(string Folder, long Free, double WriteBytesPerSecond, double ReadBytesPerSecond)
{
    private const int BlockBytes = 4 << 20;
    private const int DontNeed = 4;

    /// <summary>Writes and reads a file of <paramref name="bytes"/> in <paramref name="folder"/>, which is deleted again.</summary>
    internal static DiskSpeed Measure(string folder, long bytes)
    {
        var path = Path.Combine(folder, $".espalier-doctor-{Environment.ProcessId}.tmp");
        var block = new byte[BlockBytes];
        // Zeros would be compressed away by some file systems.
        new Random(1).NextBytes(block);
        try
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                BufferSize = 0,
                Options = FileOptions.DeleteOnClose,
            });
            var clock = Stopwatch.StartNew();
            for (long at = 0; at < bytes; at += block.Length)
                file.Write(block);
            file.Flush(flushToDisk: true);
            var write = file.Length / clock.Elapsed.TotalSeconds;

            _ = posix_fadvise(file.SafeFileHandle.DangerousGetHandle().ToInt32(), 0, 0, DontNeed);
            file.Position = 0;
            clock.Restart();
            while (file.Read(block) > 0)
                continue;
            var read = file.Length / clock.Elapsed.TotalSeconds;
            return new DiskSpeed(folder, new DriveInfo(folder).AvailableFreeSpace, write, read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"cannot write {bytes >> 20} MiB to {folder} to measure its speed: {error.Message} Name another folder with --folder.", error);
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int posix_fadvise(int descriptor, long offset, long length, int advice);
}
