using System.Text;

namespace Espalier.Files;

/// <summary>
/// Reads files that fit in memory and may be anybody's, with a limit on their size before anything is allocated, and one-line errors
/// that name them.
/// </summary>
internal static class SmallFile
{
    /// <summary>The bytes of a file of at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="EspalierException">Missing, a folder, empty, too long, unreadable, or known for something else than it is named
    /// for.</exception>
    public static byte[] ReadBytes(string path, long limit)
    {
        try
        {
            if (Directory.Exists(path))
                throw new EspalierException($"{path}: is a folder; give the file");
            ReadableFile.RequireNoPipe(path);
            if (RealPath.LengthOf(path) == 0)
                throw new EspalierException($"{path}: is empty; write or download it again");
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            if (stream.Length > limit)
                throw new EspalierException($"{path}: has {stream.Length} bytes, more than the limit of {limit}: is it the right file?");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return ForeignFile.Explain(bytes.AsSpan(0, Math.Min(bytes.Length, ForeignFile.Start))) is { } foreign
                ? throw new EspalierException($"{path}: {foreign}")
                : bytes;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EspalierException(
                new FileInfo(path).LinkTarget is { } target
                    ? $"{path}: is a link to {target}, which does not exist" : $"{path}: not found", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The text of such a file, which must be UTF-8.</summary>
    public static string ReadText(string path, long limit)
    {
        var bytes = ReadBytes(path, limit);
        return Utf8Text.FirstInvalid(bytes) is not { } at ? Encoding.UTF8.GetString(bytes).TrimStart('\ufeff')
            : throw new EspalierException($"{path}: is not UTF-8 text (byte {at})");
    }
}
