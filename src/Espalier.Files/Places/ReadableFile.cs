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
}
