namespace Espalier.Models.Checkpoints;

/// <summary>
/// Files and folders that are either wholly there or not at all: written under a temporary name, flushed to the disk,
/// renamed, and removed again when anything fails on the way.
/// </summary>
public static class Durable
{
    /// <summary>
    /// Flushes a folder's entries to the disk, which a rename needs to outlive a power loss. .NET opens no folders, so the
    /// program sets this to a native call at its start; until then a rename is atomic but may be lost with the power.
    /// </summary>
    public static Action<string> SyncFolder { get; set; } = static _ => { };

    /// <summary>Writes a file; a file of that name is replaced when the new one is complete.</summary>
    /// <param name="path">The file. A link of that name is replaced, not followed.</param>
    /// <param name="bytes">How much will be written, reserved at once so that a full disk is known before the work; 0 if unknown.</param>
    /// <param name="write">Writes the content.</param>
    public static void WriteFile(string path, long bytes, Action<FileStream> write)
    {
        var temporary = Temporary(path);
        CheckSpace(path, bytes);
        try
        {
            var options = new FileStreamOptions
            {
                // CreateNew never follows a link that somebody has laid.
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 0,
                PreallocationSize = bytes,
            };
            using (var stream = new FileStream(temporary, options))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            SyncFolder(Parent(path));
        }
        catch (Exception e)
        {
            Discard(() => File.Delete(temporary));
            if (e is IOException or UnauthorizedAccessException)
                throw new EspalierException($"{path}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Writes a text file in UTF-8.</summary>
    public static void WriteText(string path, string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        WriteFile(path, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>Writes a folder; nothing of that name may be there yet, except an empty folder.</summary>
    /// <param name="folder">The folder to make.</param>
    /// <param name="bytes">How much will be written, to refuse a full disk before the work.</param>
    /// <param name="write">Fills the temporary folder that it is handed.</param>
    public static void WriteFolder(string folder, long bytes, Action<string> write)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(folder) || new DirectoryInfo(folder).LinkTarget is not null)
            throw new EspalierException($"{folder}: is in the way, a file or a link; give another folder or remove it");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new EspalierException($"{folder}: exists and is not empty; give another folder or remove it");

        var temporary = Temporary(folder);
        try
        {
            Directory.CreateDirectory(Parent(folder));
            CheckSpace(folder, bytes);
            Directory.CreateDirectory(temporary);
            write(temporary);
            SyncFolder(temporary);
            if (Directory.Exists(folder))
                Directory.Delete(folder);
            Directory.Move(temporary, folder);
            SyncFolder(Parent(folder));
        }
        catch (Exception e)
        {
            Discard(() => Directory.Delete(temporary, recursive: true));
            if (e is IOException or UnauthorizedAccessException)
                throw new EspalierException($"{folder}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    // What cannot be removed must not hide why the writing failed.
    private static void Discard(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to report.
        }
    }

    private static void CheckSpace(string path, long bytes)
    {
        long free;
        try
        {
            free = new DriveInfo(Parent(path)).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file system that does not say lets the write itself find out.
            return;
        }

        if (bytes > free)
            throw new EspalierException($"{path}: needs {bytes} bytes, {free} are free on its disk; make room or give another folder");
    }

    private static string Temporary(string path) => $"{path}.tmp-{Environment.ProcessId}-{Guid.NewGuid():N}";

    private static string Parent(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;
}
