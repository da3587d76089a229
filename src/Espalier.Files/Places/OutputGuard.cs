using System.IO.Enumeration;

namespace Espalier.Files;

/// <summary>
/// Holds a place that something will be written to against what is read: it may not be an input, lie inside one or hold one, by whatever
/// names, links or hard links it is reached. The one check for every command and every run.
/// </summary>
internal static class OutputGuard
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

    /// <summary>
    /// Refuses to replace what is there unless it is nothing of anybody's: an earlier output of the same kind, or an empty file. A link
    /// would
    /// be replaced and not followed, which nobody means; a device would be gone.
    /// </summary>
    /// <param name="what">The file for messages: <c>--output scores.json</c>.</param>
    /// <param name="file">The file that will be written.</param>
    /// <param name="kind">What an earlier output is: <c>a file of scores</c>.</param>
    /// <param name="isOfKind">Whether an existing regular file is one.</param>
    /// <exception cref="EspalierException">Something else is there.</exception>
    public static void RequireReplaceable(string what, string file, string kind, Func<string, bool> isOfKind)
    {
        if (new FileInfo(file).LinkTarget is { } target)
            throw new EspalierException($"{what}: is a link to {target}; name the file itself or delete the link");
        if (Directory.Exists(file))
            throw new EspalierException($"{what}: is a folder; give a file");
        if (!File.Exists(file))
            return;
        if (LibC.Identity(file) is { IsRegular: false })
            throw new EspalierException($"{what}: is a pipe or a device; give a file");
        if (new FileInfo(file).Length > 0 && !isOfKind(file))
            throw new EspalierException($"{what}: exists and is not {kind}, so it is not replaced; give another name or delete it");
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
                throw new EspalierException($"{what}: is inside {input.Name} {input.Path}{through}; give a place outside it");
            if (RealPath.Upwards(real).Skip(1).Any(folder => IsSame(folder, place)))
                throw new EspalierException($"{what}: contains {input.Name} {input.Path}{through}; give another place");
        }
        // Hard links: another name of a file that is read.
        if (File.Exists(place) && Directory.Exists(input.Path) && LibC.Identity(place) is { } file)
            if (Below(input.Path, links: false).FirstOrDefault(name => LibC.Identity(name)?.IsSame(file) == true) is { } twin)
                throw new EspalierException($"{what}: is the same file as {twin}, part of {input.Name} {input.Path}; give another place");
    }

    /// <summary>
    /// The input, by the name that it has and where that leads, and what links in it lead to: a download cache keeps its files
    /// elsewhere.
    /// </summary>
    private static IEnumerable<string> Parts(string input)
    {
        string[] itself = [RealPath.Of(input), RealPath.OfEntry(input)];
        return itself.Concat(Directory.Exists(input) ? Below(input, links: true).Select(RealPath.Of) : []).Distinct();
    }

    /// <summary>Files or links below a folder, without following links (which may form a ring).</summary>
    internal static FileSystemEnumerable<string> Below(string folder, bool links) => new(
        folder, (ref FileSystemEntry entry) => entry.ToFullPath(),
        new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true })
    {
        ShouldIncludePredicate = (ref FileSystemEntry entry) =>
            entry.Attributes.HasFlag(FileAttributes.ReparsePoint) ? links : !links && !entry.IsDirectory,
        ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
    };

    private static bool IsSame(string a, string b) =>
        a == b || (LibC.Identity(a) is { } one && LibC.Identity(b) is { } other && one.IsSame(other));
}
