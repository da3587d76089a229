using System.IO.Enumeration;

namespace Espalier.Models.Files;

/// <summary>
/// Holds a place that something will be written to against what is read: it may not be an input, lie inside one or hold one, by whatever
/// names, links or hard links it is reached. The one check for every command and every run.
/// </summary>
public static class OutputGuard
{
    /// <summary>Refuses a place that would harm an input.</summary>
    /// <param name="what">The place for messages, option included: <c>--output out.gguf</c>.</param>
    /// <param name="output">The file or folder to be written; it need not exist.</param>
    /// <param name="inputs">What is read. A folder stands for all that is in it.</param>
    /// <exception cref="EspalierException">The input and how the output meets it are named.</exception>
    public static void Require(string what, string output, IEnumerable<ReadPlace> inputs)
    {
        // A link of that name would be replaced, and the file that it leads to stay; nobody means that, so both are looked at.
        var (end, entry) = (RealPath.Of(output), RealPath.OfEntry(output));
        foreach (var input in inputs)
        {
            Check(what, end, input, isLink: end != entry);
            if (end != entry)
                Check(what, entry, input, isLink: false);
        }
    }

    private static void Check(string what, string place, ReadPlace input, bool isLink)
    {
        var through = isLink ? " through a link" : "";
        foreach (var real in Parts(input.Path))
        {
            if (IsSame(place, real))
                throw new EspalierException(real == RealPath.Of(input.Path)
                    ? $"{what}: is {input.Name} {input.Path} itself{through}; give another place"
                    : $"{what}: is {real}{through}, which {input.Name} {input.Path} needs; give another place");
            if (Directory.Exists(real) && RealPath.Upwards(place).Skip(1).Any(folder => IsSame(folder, real)))
                throw new EspalierException($"{what}: lies inside {input.Name} {input.Path}{through}; give a place outside it");
            if (RealPath.Upwards(real).Skip(1).Any(folder => IsSame(folder, place)))
                throw new EspalierException($"{what}: holds {input.Name} {input.Path}{through}; give another place");
        }
        // Hard links: another name of a file that is read.
        if (File.Exists(place) && Directory.Exists(input.Path) && LibC.Identity(place) is { } file)
            if (FilesBelow(input.Path).FirstOrDefault(name => LibC.Identity(name)?.IsSame(file) == true) is { } twin)
                throw new EspalierException($"{what}: is the same file as {twin}, of {input.Name} {input.Path}; give another place");
    }

    /// <summary>The input, by the name that it has and where that leads, and what links in it lead to: a download cache keeps its files elsewhere.</summary>
    private static IEnumerable<string> Parts(string input)
    {
        string[] itself = [RealPath.Of(input), RealPath.OfEntry(input)];
        return itself.Concat(Directory.Exists(input) ? Below(input, links: true).Select(RealPath.Of) : []).Distinct();
    }

    private static FileSystemEnumerable<string> FilesBelow(string folder) => Below(folder, links: false);

    /// <summary>Files or links below a folder, without following links (which may form a ring).</summary>
    private static FileSystemEnumerable<string> Below(string folder, bool links) => new(
        folder, (ref FileSystemEntry entry) => entry.ToFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? links : !links && !entry.IsDirectory,
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    };

    private static bool IsSame(string a, string b) => a == b || (LibC.Identity(a) is { } one && LibC.Identity(b) is { } other && one.IsSame(other));
}
