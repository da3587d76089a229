namespace Espalier.Files;

/// <summary>What is there where a regular file is expected.</summary>
internal static class PathKind
{
    /// <summary>What is said of a folder.</summary>
    public const string Folder = "is a folder";

    /// <summary>
    /// What is there instead, to stand after the path; null where it is a regular file or nothing. A pipe is not opened: that may wait
    /// for ever.
    /// </summary>
    public static string? Odd(string path) => new FileInfo(path).LinkTarget is { } target ? $"is a symbolic link to {target}"
        : Directory.Exists(path) ? Folder
        : LibC.Identity(path) is { IsRegular: false } ? "is a pipe or a device"
        : null;
}
