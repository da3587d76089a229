using System.Text;

namespace Espalier.Files;

/// <summary>
/// What a command or a library host writes by itself, beside files of other people: room is asked for first, what a killed writer of
/// the same name left is swept away, and what the disk refuses is one line. It appears under its name when it is whole and on the disk,
/// its folder's
/// entry too, and not at all when anything fails.
/// </summary>
internal static class DurableOutput
{
    /// <summary>Writes a file; a file or link of that name is replaced, not followed, when the new one is complete.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="bytes">How much will be written, so that a full disk is known before the work; 0 if unknown.</param>
    /// <param name="replace">Whether what has that name is replaced; otherwise the name must be free.</param>
    /// <exception cref="EspalierException">The disk refused; nothing is left behind, and an older file is as it was.</exception>
    public static void WriteFile(string path, long bytes, Action<Stream> write, bool replace = true) => Guard(path, () =>
    {
        var files = DurableFiles.OnDisk;
        files.Sweep(path);
        DiskSpace.RequireFor(path, bytes);
        return files.WriteFile(path, write, replace);
    });

    /// <summary>Writes a file of these bytes.</summary>
    /// <inheritdoc cref="WriteFile(string, long, Action{Stream}, bool)" path="/exception"/>
    public static void WriteFile(string path, byte[] bytes, bool replace = true) =>
        WriteFile(path, bytes.Length, stream => stream.Write(bytes), replace);

    /// <summary>Writes a text file in UTF-8.</summary>
    /// <inheritdoc cref="WriteFile(string, long, Action{Stream}, bool)" path="/exception"/>
    public static void WriteText(string path, string text, bool replace = true) => WriteFile(path, Encoding.UTF8.GetBytes(text), replace);

    /// <summary>Writes a folder; nothing of that name may be there yet, except an empty folder.</summary>
    /// <param name="bytes">How much will be written, to refuse a full disk before the work.</param>
    /// <param name="fill">Fills the temporary folder that it is handed.</param>
    /// <exception cref="EspalierException">Something is in the way, or the disk refused; nothing is left behind.</exception>
    public static void WriteFolder(string folder, long bytes, Action<string> fill)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(folder) || new DirectoryInfo(folder).LinkTarget is not null)
            throw new EspalierException($"{folder}: is a file or a link, not a folder; give another folder or remove it");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new EspalierException($"{folder}: exists and is not empty; give another folder or remove it");
        Guard(folder, () =>
        {
            var files = DurableFiles.OnDisk;
            files.Sweep(folder);
            DiskSpace.RequireFor(folder, bytes);
            files.WriteFolder(folder, fill);
        });
    }

    /// <summary>Gives a whole file or folder, written and flushed on the same disk, the name that it was made for.</summary>
    /// <param name="to">Its place: free, an empty folder, or for a file an older one, which is replaced.</param>
    /// <exception cref="EspalierException">The disk refused.</exception>
    internal static void Move(string from, string to) => Guard(to, () =>
    {
        var files = DurableFiles.OnDisk;
        to = Path.TrimEndingDirectorySeparator(Path.GetFullPath(to));
        if (Directory.Exists(from) && Directory.Exists(to))
            files.Layer.DeleteFolder(to);
        files.Layer.Rename(from, to);
        files.Layer.SyncFolder(Path.GetDirectoryName(to)!);
    });

    /// <summary>Makes what the disk refuses one line that names the file and the way out.</summary>
    /// <param name="act">Writes, and leaves nothing half written where it fails.</param>
    /// <exception cref="EspalierException">The disk refused.</exception>
    internal static void Guard(string path, Action act) => Guard(path, () =>
    {
        act();
        return path;
    });

    /// <inheritdoc cref="Guard(string, Action)"/>
    internal static T Guard<T>(string path, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException
                || (DiskFull.Is(error) && error is not EspalierException { ExitCode: 1 }))
        {
            throw Refused(path, error);
        }
    }

    /// <summary>That line. A place that cannot be written to is wrong input, a disk that fails is not.</summary>
    internal static EspalierException Refused(string path, Exception error) => DiskFull.Is(error)
        ? new($"{path}: {DiskFull.Cause(error)}; free some space and start again", error) { ExitCode = 1 }
        : new($"{path}: cannot be written: {DiskFull.Cause(error)}; fix that or give another path", error)
        {
            ExitCode = error is UnauthorizedAccessException or DirectoryNotFoundException or FileNotFoundException or PathTooLongException
                ? 2 : 1,
        };
}
