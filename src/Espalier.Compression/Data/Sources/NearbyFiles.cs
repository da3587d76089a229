using Espalier.Compression.Data.Files;

namespace Espalier.Compression.Data.Sources;

/// <summary>What is near a path or pattern that led to nothing, for its message.</summary>
internal static class NearbyFiles
{
    private const int Shown = 5, Looked = 100_000;

    /// <summary>Such as <c> Did you mean corpus/train.txt?</c>, or what else lies in the nearest folder that is there.</summary>
    public static string OfPath(string path)
    {
        var whole = Path.TrimEndingDirectorySeparator(path);
        var folder = Path.GetDirectoryName(whole) is { Length: > 0 } above ? above : ".";
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } higher)
            (whole, folder) = (folder, higher.Length > 0 ? higher : ".");
        try
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(folder).Take(Looked).Select(entry => Path.GetFileName(entry)!)];
            var nearest = NearestName.Nearest(Path.GetFileName(whole), names);
            return nearest is null ? "" : $" Did you mean {(folder == "." ? nearest : Path.Combine(folder, nearest))}?";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Such as <c>; there are 12 .rst, 3 .html</c>.</summary>
    public static string Endings(IEnumerable<string> files)
    {
        var endings = Counted(files);
        return endings.Length > 0 ? $"; there are {endings}" : "; there are no files at all";
    }

    /// <summary>Such as <c>12 .rst, 3 .html</c>; empty for none.</summary>
    public static string Counted(IEnumerable<string> files) => string.Join(", ", files.Take(Looked)
        .GroupBy(EndingOf, StringComparer.Ordinal).OrderByDescending(group => group.Count())
        .ThenBy(group => group.Key, StringComparer.Ordinal)
        .Take(Shown).Select(group => $"{group.Count()} {group.Key}"));

    /// <summary>The ending with that of its compression.</summary>
    public static string EndingOf(string file)
    {
        var name = Path.GetFileName(file);
        var ending = Path.GetExtension(FileKinds.Unpacked(name)) + name[FileKinds.Unpacked(name).Length..];
        return ending.Length > 0 ? OneLine.Clipped(ending, 20) : "without an ending";
    }
}
