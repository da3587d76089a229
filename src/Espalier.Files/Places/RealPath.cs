namespace Espalier.Files;

/// <summary>Where a path leads in the end.</summary>
internal static class RealPath
{
    /// <summary>As many links as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>The full path with every link in it followed, the last name's too; names that do not exist stay as they are.</summary>
    public static string Of(string path) => Follow(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), MostLinks);

    /// <summary>The same with the last name left as it is: the entry itself, which a rename replaces.</summary>
    public static string OfEntry(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is { } parent ? Path.Combine(Of(parent), Path.GetFileName(full)) : full;
    }

    /// <summary>
    /// Bytes of the file that a path leads to, and 0 of a pipe or a device. .NET's own length of a link is that of the link's text.
    /// </summary>
    /// <exception cref="FileNotFoundException">It leads to no file.</exception>
    public static long LengthOf(string path) => LibC.Identity(path) is { } there ? there.Bytes : new FileInfo(Of(path)).Length;

    /// <summary>The path itself and every folder above it, the innermost first.</summary>
    public static IEnumerable<string> Upwards(string path)
    {
        for (var at = path; at is not null; at = Path.GetDirectoryName(at))
            yield return at;
    }

    /// <summary>
    /// Where a file of a folder lies if it is a link that leaves the folder; null for all others, and in the download cache of Hugging
    /// Face, where a
    /// snapshot's files are links into the <c>blobs</c> beside it.
    /// </summary>
    public static string? Outside(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (new FileInfo(path).LinkTarget is null)
            return null;
        var target = Of(path);
        var (own, parent) = (Of(folder), Path.GetDirectoryName(Of(folder)));
        var blobs = Path.GetFileName(parent) == "snapshots" ? Path.Combine(Path.GetDirectoryName(parent)!, "blobs") : own;
        return Upwards(target).Any(above => above == own || above == blobs) ? null : target;
    }

    private static string Follow(string path, int links)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
            return path;
        var here = Path.Combine(Follow(parent, links), Path.GetFileName(path));
        return links > 0 && LinkOf(here) is { } target
            ? Follow(Path.TrimEndingDirectorySeparator(Path.GetFullPath(target, Path.GetDirectoryName(here)!)), links - 1)
            : here;
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
