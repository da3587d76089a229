using System.IO.Enumeration;

namespace Espalier.Compression.Data;

/// <summary>Which files a path, folder or pattern means, in ordinal order of their paths.</summary>
internal static class SourceFiles
{
    private static readonly string[] Extensions = [".txt", ".md", ".jsonl", ".xml", ".txt.gz", ".md.gz", ".jsonl.gz"];

    private const string Known = "txt, md, jsonl, xml (.NET documentation); txt.gz, md.gz, jsonl.gz";

    public static bool IsKnown(string path) =>
        Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="EspalierException">Nothing is there, or nothing of a known kind.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new EspalierException("data: a path contains a NUL character");
        if (File.Exists(path))
            return IsKnown(path) ? [path] : throw new EspalierException($"data '{path}': unknown kind of file; known are {Known}");
        if (Directory.Exists(path))
            return Some(Below(path).Where(IsKnown), path, $"a folder without files of a known kind ({Known})");
        if (!Glob.IsPattern(path))
            throw new EspalierException($"data '{path}': no such file or folder; a source is a path, a pattern such as docs/**/*.md, or {DotnetDocs.Name}");
        var (folder, below) = Glob.Split(path);
        if (!Directory.Exists(folder))
            throw new EspalierException($"data '{path}': no such folder: {folder}");
        return Some(
            Below(folder).Where(file => IsKnown(file) && below.IsMatch(Path.GetRelativePath(folder, file).Replace('\\', '/'))),
            path, $"matches no file of a known kind ({Known})");
    }

    /// <summary>All files below, without hidden names, and without following links to folders (which may form a ring).</summary>
    private static FileSystemEnumerable<string> Below(string folder) => new FileSystemEnumerable<string>(
        folder, (ref entry) => entry.ToSpecifiedFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System })
    {
        ShouldIncludePredicate = (ref entry) => !entry.IsDirectory,
        ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    };

    private static string[] Some(IEnumerable<string> files, string path, string otherwise)
    {
        string[] found = [.. files.Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new EspalierException($"data '{path}': {otherwise}");
    }
}
