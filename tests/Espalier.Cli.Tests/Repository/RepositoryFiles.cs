using Espalier.Tests;

namespace Espalier.Cli.Tests.Repository;

/// <summary>The repository as a clone has it: found by walking, since a copy without <c>.git</c> is tested too.</summary>
internal static class RepositoryFiles
{
    /// <summary>Names that .gitignore leaves out, and git's own.</summary>
    private static readonly HashSet<string> s_leftOut = ["bin", "obj", ".git", "TestResults", "node_modules", "BenchmarkDotNet.Artifacts"];

    /// <summary>The same, at the root alone.</summary>
    private static readonly HashSet<string> s_leftOutAtTheRoot = ["build", "runs", ".cache"];

    /// <summary>Paths of all files from the root, with <c>/</c>, sorted.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Below("").Order(StringComparer.Ordinal)];

    /// <summary>Every folder that holds a file, itself or further down, with a <c>/</c> at its end.</summary>
    public static IReadOnlySet<string> Folders { get; } = All.SelectMany(FoldersAbove).ToHashSet(StringComparer.Ordinal);

    /// <summary>The pages: all Markdown files.</summary>
    public static IEnumerable<string> Pages => All.Where(path => path.EndsWith(".md", StringComparison.Ordinal));

    /// <summary>The text of a file.</summary>
    public static string Read(string path) => File.ReadAllText(Path.Combine(Fixtures.Root, path));

    private static IEnumerable<string> FoldersAbove(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            yield return path[..(slash + 1)];
    }

    private static IEnumerable<string> Below(string folder)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(Fixtures.Root, folder)).EnumerateFileSystemInfos())
        {
            if (s_leftOut.Contains(entry.Name) || (folder.Length == 0 && s_leftOutAtTheRoot.Contains(entry.Name))
                || entry.Name.EndsWith(".user", StringComparison.Ordinal))
                continue;
            if (entry is not DirectoryInfo)
                yield return folder + entry.Name;
            else if (entry.LinkTarget is null)
                foreach (var path in Below($"{folder}{entry.Name}/"))
                    yield return path;
        }
    }
}
