using System.Diagnostics;

namespace Espalier.Cli.Machine;

/// <summary>A disk as a run sees it: free bytes, and bytes a second written (to the platter: fsync) and read (past the cache).</summary>
internal sealed record DiskSpeed(string Folder, long Free, double WriteBytesPerSecond, double ReadBytesPerSecond)
{
    private const int BlockBytes = 4 << 20;

    /// <summary>
    /// Writes and reads <paramref name="bytes"/> in <paramref name="folder"/>, of which nothing stays, however this ends.
    /// </summary>
    internal static DiskSpeed Measure(string folder, long bytes)
    {
        var block = new byte[BlockBytes];
        // Zeros would be compressed away by some file systems.
        new Random(1).NextBytes(block);
        try
        {
            using var scratch = new ScratchFile(folder, "espalier-doctor");
            var file = scratch.Stream;
            var clock = Stopwatch.StartNew();
            for (long at = 0; at < bytes; at += block.Length)
                file.Write(block);
            DurableFiles.OnDisk.Layer.Sync(file);
            var write = file.Length / clock.Elapsed.TotalSeconds;

            if (file is FileStream { SafeFileHandle: var handle })
                LibC.DropFromMemory(handle);
            file.Position = 0;
            clock.Restart();
            while (file.Read(block) > 0)
                continue;
            var read = file.Length / clock.Elapsed.TotalSeconds;
            return new DiskSpeed(folder, DiskSpace.Free(folder) ?? 0, write, read);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException(
                $"cannot write {bytes >> 20} MiB to {folder} to measure its speed: {error.Message} Name another folder with --folder.",
                error);
        }
    }
}
