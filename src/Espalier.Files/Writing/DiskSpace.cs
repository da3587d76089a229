namespace Espalier.Files;

/// <summary>Asking for room before work starts, instead of failing hours later.</summary>
internal static class DiskSpace
{
    /// <summary>Refuses when less than <paramref name="bytes"/> are free where <paramref name="folder"/> is, or will be.</summary>
    /// <param name="folder">A folder, which may not exist yet.</param>
    /// <param name="what">For the message: <c>two checkpoints and the student</c>.</param>
    /// <exception cref="EspalierException">Too little is free.</exception>
    public static void Require(string folder, long bytes, string what)
    {
        if (Free(folder) is { } free && free < bytes)
            throw new EspalierException(
                $"{folder}: {what} need {Units.Room(bytes)} but only {Units.Room(free, like: bytes)} is free there; "
                + $"free {Units.Room(bytes - free, like: bytes)} or choose another folder");
    }

    /// <summary>The same for what is about to be written at a place.</summary>
    /// <param name="path">The file or folder that will be written.</param>
    /// <param name="bytes">Its size; 0 if unknown.</param>
    /// <exception cref="EspalierException">Too little is free.</exception>
    internal static void RequireFor(string path, long bytes)
    {
        if (Free(Path.GetDirectoryName(Path.GetFullPath(path))!) is { } free && bytes > free)
            throw new EspalierException(
                $"{path}: needs {Units.Room(bytes)} but only {Units.Room(free, like: bytes)} is free on its disk; free some space or "
                    + "give another place");
    }

    /// <summary>Bytes that this user may still write there; null where the system does not say.</summary>
    public static long? Free(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            existing = parent;
        try
        {
            return new DriveInfo(existing).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
