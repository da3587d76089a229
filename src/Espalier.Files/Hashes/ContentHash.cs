using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Espalier.Files;

/// <summary>SHA-256 of contents, as 64 lower-case hexadecimal digits: what stages are keyed by.</summary>
internal static class ContentHash
{
    /// <summary>The hash of bytes in memory.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The hash of a text's UTF-8 bytes.</summary>
    public static string OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>The hash of texts with a character between two of them, which never lie in memory together.</summary>
    public static string OfTexts(char between, IEnumerable<string> texts)
    {
        using var hash = ContentHasher.Sha256();
        foreach (var (i, text) in texts.Index())
            hash.Append(Encoding.UTF8.GetBytes(i == 0 ? text : between + text));
        return hash.Digits();
    }

    /// <summary>The hash of a file's bytes, read once from front to back.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string OfFile(string path) => OfFile(path, ContentHasher.Sha256);

    /// <summary>The same by another hash.</summary>
    internal static string OfFile(string path, Func<ContentHasher> hasher)
    {
        // Reading a pipe may wait for ever.
        if (LibC.Identity(path) is { IsRegular: false } && !Directory.Exists(path))
            throw new IOException($"{path} is a pipe or a device");
        using var file = new FileStream(path,
            new FileStreamOptions { Share = FileShare.ReadWrite, BufferSize = 0, Options = FileOptions.SequentialScan });
        using var hash = hasher();
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
        for (int count; (count = file.Read(buffer)) > 0;)
            hash.Append(buffer.AsSpan(0, count));
        ArrayPool<byte>.Shared.Return(buffer);
        return hash.Digits();
    }

    /// <summary>
    /// The hash of a folder: of its files' relative names and hashes, in ordinal order of the names. Symbolic links are not
    /// followed, the text of their target counts instead; but a file that a link fetches from elsewhere counts with its content, which may
    /// change there (a download cache's blobs do not). Empty folders do not count.
    /// </summary>
    /// <exception cref="IOException">The folder or a file in it cannot be read.</exception>
    public static string OfFolder(string folder) => OfFolder(folder, OfFile);

    /// <summary>The same, where somebody else knows the files' hashes.</summary>
    public static string OfFolder(string folder, Func<string, string> ofFile) =>
        OfLines(Lines(folder, new DirectoryInfo(folder), "", ofFile));

    /// <summary>The same without one file at the top of the folder.</summary>
    /// <param name="name">The file's name; it need not be there.</param>
    public static string OfFolderExcept(string folder, string name) => OfLines(Lines(folder, new DirectoryInfo(folder), "", OfFile)
        .Where(line => !line.StartsWith($"{name}\0", StringComparison.Ordinal)));

    /// <summary>
    /// The hash of a list of files that are known by name and hash: equal to <see cref="OfFolder(string)"/> of a folder with just
    /// these.
    /// </summary>
    public static string OfFacts(IEnumerable<FileFact> files) => OfLines(files.Select(file => Line(file.Name, file.Sha256)));

    private static string OfLines(IEnumerable<string> lines) => OfText(string.Concat(lines.Order(StringComparer.Ordinal)));

    private static IEnumerable<string> Lines(string root, DirectoryInfo folder, string prefix, Func<string, string> ofFile)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            var name = prefix + entry.Name;
            if (entry.LinkTarget is { } target)
                yield return Line(name,
                    RealPath.Outside(root, name) is { } outside && IsRegular(outside) ? "=> " + ofFile(outside) : "-> " + target);
            else if (entry is DirectoryInfo inner)
                foreach (var line in Lines(root, inner, name + '/', ofFile))
                    yield return line;
            else
                yield return Line(name, ofFile(entry.FullName));
        }
    }

    // A pipe or a device has no length.
    private static bool IsRegular(string path) => new FileInfo(path) is { Exists: true, Length: > 0 };

    // NUL cannot occur in a file name, so no two lists of files read the same.
    private static string Line(string name, string content) => $"{name}\0{content}\n";
}
