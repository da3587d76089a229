using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>Files that are read, whoever wrote them.</summary>
internal static class ReadableFile
{
    /// <summary>Opens a file.</summary>
    /// <param name="bufferSize">Bytes that are read at once; 0 reads what is asked for.</param>
    /// <exception cref="EspalierException">It cannot be read; why is said.</exception>
    public static FileStream Open(string path, int bufferSize = 0, FileOptions options = FileOptions.None)
    {
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize, options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
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
