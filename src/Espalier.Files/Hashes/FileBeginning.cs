using System.Security.Cryptography;

namespace Espalier.Files;

/// <summary>The beginning of a file that grows, a log, of which length and hash were stated at a time.</summary>
internal static class FileBeginning
{
    /// <summary>How a log no longer begins with what is stated of it, naming the file; null where it does.</summary>
    /// <param name="folder">The folder that the log's name is relative to.</param>
    /// <param name="stated">Name, length and hash of its beginning.</param>
    public static string? Problem(string folder, FileFact stated)
    {
        if (!FileFact.IsSafeName(stated.Name))
            return $"the name \"{stated.Name}\" points outside {folder}";
        var path = Path.Combine(folder, stated.Name);
        try
        {
            if (PathKind.Odd(path) is { } odd)
                return $"{path} {odd}, but was a log file when the checkpoint was saved";
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (file.Length < stated.Size)
                return $"{path} has {file.Length} bytes; it had {stated.Size} when the checkpoint was saved";
            return HashOf(file, stated.Size) == stated.Sha256 ? null
                : $"{path} has changed: its first {stated.Size} bytes differ from when the checkpoint was saved";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be read: {error.Message}";
        }
    }

    private static string HashOf(Stream stream, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, stream, length);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    /// <summary>Hashes so many bytes from where a stream stands.</summary>
    public static void Append(IncrementalHash hash, Stream stream, long length)
    {
        var buffer = new byte[1 << 16];
        for (int count; length > 0; length -= count)
        {
            count = stream.Read(buffer, 0, (int)Math.Min(length, buffer.Length));
            if (count == 0)
                throw new EndOfStreamException("it ends too soon");
            hash.AppendData(buffer, 0, count);
        }
    }
}
