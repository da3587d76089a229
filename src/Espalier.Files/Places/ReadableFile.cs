using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>Files that are read, whoever wrote them.</summary>
internal static class ReadableFile
{
    /// <summary>
    /// Refuses a pipe or a device: opening it may wait for ever, with no signal ending that, and it gives its bytes only once. What
    /// <c>/dev/stdin</c> leads to counts, so that a file put there with <c>&lt;</c> is read.
    /// </summary>
    /// <param name="path">The file; nothing need be there.</param>
    /// <param name="name">What messages call it; null for the path.</param>
    /// <exception cref="EspalierException">It is one.</exception>
    public static void RequireNoPipe(string path, string? name = null)
    {
        if (LibC.Identity(path) is { IsRegular: false } && !Directory.Exists(path))
            throw new EspalierException(
                $"{name ?? path}: is a pipe or a device, which cannot be read twice; save it to a file and give that");
    }

    /// <summary>Opens a file.</summary>
    /// <param name="bufferSize">Bytes that are read at once; 0 reads what is asked for.</param>
    /// <param name="name">What messages call it; null for the path.</param>
    /// <exception cref="EspalierException">It cannot be read; why is said.</exception>
    public static FileStream Open(string path, int bufferSize = 0, FileOptions options = FileOptions.None, string? name = null)
    {
        RequireNoPipe(path, name);
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize, options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{name ?? path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads from a position on until the room is full or the file ends; how many bytes came.</summary>
    public static int ReadFully(SafeFileHandle file, Span<byte> bytes, long at)
    {
        for (var done = 0; ;)
        {
            var count = RandomAccess.Read(file, bytes[done..], at + done);
            if (count == 0)
                return done;
            done += count;
        }
    }
}
