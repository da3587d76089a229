using System.IO.Enumeration;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Xml;

namespace Espalier.Compression.Data.Sources;

/// <summary>Which files a path, folder or pattern means, in ordinal order of their paths.</summary>
internal static class SourceFiles
{
    /// <exception cref="EspalierException">Nothing is there, or nothing that is text.</exception>
    public static IReadOnlyList<string> Find(string path) => Find(path, out _);

    /// <summary>
    /// The files. A file that is named, by a path or by a pattern with its ending, is read whatever its ending is; a folder, and a pattern
    /// that leaves the ending open, stand for <see cref="FileKinds.IsInFolders"/>.
    /// </summary>
    /// <param name="path">Path, folder or pattern.</param>
    /// <param name="leftOut">Says which files were likely meant too and are not read; null for none.</param>
    /// <exception cref="EspalierException">Nothing is there, or nothing that is text.</exception>
    public static IReadOnlyList<string> Find(string path, out string? leftOut)
    {
        leftOut = null;
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new EspalierException("data: a path contains a NUL character");
        if (File.Exists(path))
            return Named(path);
        if (Directory.Exists(path))
            return OfFolder(path, out leftOut);
        if (!Glob.IsPattern(path))
            throw new EspalierException(
                $"data '{path}': no such file or folder; a source is a path, a pattern such as docs/**/*.md, or "
                    + $"{DotnetDocs.Name}.{NearbyFiles.OfPath(path)}");
        var (folder, below) = Glob.Split(path);
        if (!Directory.Exists(folder))
            throw new EspalierException($"data '{path}': no such folder: {folder}.{NearbyFiles.OfPath(folder)}");
        var accepts = AcceptedBy(path[(path.LastIndexOf('/') + 1)..]);
        var matching = Below(folder).Where(file => below.IsMatch(Path.GetRelativePath(folder, file).Replace('\\', '/'))).ToArray();
        if (matching.Length == 0)
            throw new EspalierException($"data '{path}': matches no file below {folder}{NearbyFiles.Endings(Below(folder))}");
        leftOut = LeftOut(path, matching.Where(file => !accepts(file)));
        return Some(matching.Where(accepts), path,
            "matches no file that is read unless its ending is named "
                + $"({FileKinds.InFolders}){NearbyFiles.Endings(matching)}: name the ending, as in *.txt");
    }

    private static string[] Named(string path)
    {
        if (path.EndsWith(".i32", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".u16", StringComparison.OrdinalIgnoreCase))
            throw new EspalierException($"data '{path}': token ids cannot be mixed with text; give them alone");
        if (FileKinds.Of(path) is null && FileKinds.Unpacked(path) == path && BinaryContent.WhyNotText(path) is { } why)
            throw new EspalierException(
                $"data '{path}': {why}; text is UTF-8, JSON lines, JSON, CSV, TSV or Parquet, by the ending of its name");
        return [path];
    }

    private static string[] OfFolder(string path, out string? leftOut)
    {
        // A second model in place of a text would be its README.
        if (File.Exists(Path.Combine(path, "config.json")) && Directory.EnumerateFiles(path, "*.safetensors").Any())
            throw new EspalierException(
                $"data '{path}': is a model folder, not text; a command takes one model before its texts, and evaluate takes several with "
                    + $"--tasks. If you mean the pages in it, name them, as in {path.TrimEnd('/')}/*.md");
        string[] all = [.. Below(path)];
        leftOut = LeftOut($"{path.TrimEnd('/')}/**/*", all);
        return Some(all.Where(FileKinds.IsInFolders), path,
            $"a folder without any file of a known kind ({FileKinds.InFolders}){NearbyFiles.Endings(all)}: name others with a pattern, "
                + $"as in {path.TrimEnd('/')}/**/*{ExampleEnding(all)}");
    }

    private static string? LeftOut(string pattern, IEnumerable<string> files)
    {
        string[] left = [.. files.Where(FileKinds.MustBeNamed)];
        return left.Length == 0
            ? null
            : $"data '{pattern}': ignored {NearbyFiles.Counted(left)}; such files must be named by their ending, as in "
                + $"{pattern.TrimEnd('*')}*{ExampleEnding(left)}";
    }

    private static string ExampleEnding(string[] files) =>
        files.Select(NearbyFiles.EndingOf).FirstOrDefault(ending => ending.StartsWith('.')) ?? ".txt";

    /// <summary>
    /// What a pattern takes: with an ending, all that it matches; else what a folder stands for, and kinds that it spells.
    /// </summary>
    private static Func<string, bool> AcceptedBy(string name)
    {
        var open = FileKinds.Unpacked(name);
        return open[(open.LastIndexOfAny(['*', '?']) + 1)..].Length > 0
            ? _ => true
            : file => FileKinds.IsInFolders(file)
                || (FileKinds.MustBeNamed(file)
                    && name.Contains(Path.GetExtension(FileKinds.Unpacked(file)), StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>All files below, without hidden names, what runs wrote, and links to folders (which may form a ring).</summary>
    private static FileSystemEnumerable<string> Below(string folder) => new FileSystemEnumerable<string>(
        folder, (ref entry) => entry.ToSpecifiedFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System })
    {
        ShouldIncludePredicate = (ref entry) => !entry.IsDirectory,
        ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && !IsOfRun(entry.ToFullPath()),
    };

    /// <summary>A run folder or the stages in one: their .jsonl are logs, and change while they are read.</summary>
    private static bool IsOfRun(string folder)
    {
        const string manifest = "run.json", stages = "stages";
        return File.Exists(Path.Combine(folder, manifest)) && Directory.Exists(Path.Combine(folder, stages))
            || (Path.GetFileName(folder) == stages && File.Exists(Path.Combine(Path.GetDirectoryName(folder)!, manifest)));
    }

    private static string[] Some(IEnumerable<string> files, string path, string otherwise)
    {
        string[] found = [.. files.Order(StringComparer.Ordinal)];
        return found.Length > 0 ? found : throw new EspalierException($"data '{path}': {otherwise}");
    }
}
