namespace Espalier.Files;

/// <summary>
/// Writing so that a reader, a crash or a power loss finds either the old or the new, never something between:
/// write a temporary, flush it, rename it, flush the folder.
/// </summary>
/// <param name="layer">What touches the disk.</param>
public sealed class DurableFiles(IFileLayer layer)
{
    private const int BufferSize = 1 << 16;

    private static readonly EnumerationOptions s_asNamed = new() { AttributesToSkip = 0, MatchCasing = MatchCasing.CaseSensitive, MatchType = MatchType.Simple };

    /// <summary>On the real disk.</summary>
    public static DurableFiles OnDisk { get; } = new(new DiskLayer());

    /// <summary>The single acts underneath.</summary>
    public IFileLayer Layer => layer;

    /// <summary>Creates a folder and the missing ones above it; each survives a power loss.</summary>
    public void EnsureFolder(string path)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
            return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null)
            EnsureFolder(parent);
        layer.CreateFolder(path);
        if (parent is not null)
            layer.SyncFolder(parent);
    }

    /// <summary>Writes a file whole or not at all, replacing an older one of that name; its folder must exist.</summary>
    /// <returns>Size and hash of what was written, under the file's name.</returns>
    public FileFact WriteFile(string path, Action<Stream> write)
    {
        path = Path.GetFullPath(path);
        var temporary = Leftovers.NameFor(path);
        try
        {
            // Open until it has its name: the system's lock on it says that somebody is at work here.
            using var file = layer.CreateFile(temporary);
            var fact = Fill(file, path, write);
            layer.Rename(temporary, path);
            layer.SyncFolder(Path.GetDirectoryName(path)!);
            return fact;
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Writes a whole folder or nothing: <paramref name="fill"/> gets an empty temporary folder, which is flushed file by file and
    /// then takes the place of <paramref name="path"/>. Folders cannot be exchanged in one act: death between the two renames leaves
    /// none of that name, so the stage that makes it must count as done only afterwards.
    /// </summary>
    public void WriteFolder(string path, Action<string> fill) => MakeFolder(path, fill, (temporary, place, parent) =>
    {
        var old = Directory.Exists(place) ? Leftovers.NameFor(place) : null;
        if (old is not null)
            layer.Rename(place, old);
        layer.Rename(temporary, place);
        layer.SyncFolder(parent);
        if (old is not null)
            DeleteTree(old);
    });

    /// <summary>Writes a folder of a name that is free or an empty folder's, whole or not at all.</summary>
    /// <exception cref="IOException">Somebody put something there meanwhile; that stays.</exception>
    public void WriteNewFolder(string path, Action<string> fill) => MakeFolder(path, fill, (temporary, place, parent) =>
    {
        if (Directory.Exists(place))
            layer.DeleteFolder(place);
        layer.Rename(temporary, place);
        layer.SyncFolder(parent);
    });

    /// <summary>Fills and flushes a temporary folder, which <paramref name="place"/> then gives its name (temporary, full path, folder above).</summary>
    private void MakeFolder(string path, Action<string> fill, Action<string, string, string> place)
    {
        path = Path.GetFullPath(path);
        var parent = Path.GetDirectoryName(path)!;
        EnsureFolder(parent);
        var temporary = Leftovers.NameFor(path);
        try
        {
            layer.CreateFolder(temporary);
            using var held = Hold(temporary);
            fill(temporary);
            SyncTree(temporary);
            place(temporary, path, parent);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Says to <see cref="Sweep"/>, in whatever process, that somebody is at work in a folder, until it is disposed or this process ends. Null where the
    /// system has no such locks.
    /// </summary>
    public static IDisposable? Hold(string folder) => LibC.HoldShared(folder);

    /// <summary>
    /// Deletes what killed writers of <paramref name="path"/> left beside it, those of version 0.1 too: names that were made for it, and that no living
    /// writer holds. Links are left alone, and so is what cannot be deleted.
    /// </summary>
    public void Sweep(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var (parent, name) = (Path.GetDirectoryName(path), Path.GetFileName(path));
        if (parent is null || !Directory.Exists(parent))
            return;
        try
        {
            foreach (var entry in new DirectoryInfo(parent).EnumerateFileSystemInfos($"{name}.tmp-*", s_asNamed))
                if ((Leftovers.IsOf(entry.Name, name) || Leftovers.IsOfVersion01(entry.Name, name)) && entry.LinkTarget is null && LibC.IsUnheld(entry.FullName))
                    TryDelete(entry.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be listed: writing to it will say so.
        }
    }

    /// <summary>Writes and flushes a file under a name that is still free. The name itself survives once its folder is flushed.</summary>
    public FileFact WriteNew(string path, Action<Stream> write)
    {
        using var file = layer.CreateFile(path);
        return Fill(file, path, write);
    }

    private FileFact Fill(Stream file, string path, Action<Stream> write)
    {
        using var hashing = new HashingStream(file);
        // Not disposed on purpose: disposing after an error would write what is left in the buffer, and hide the error.
        var buffered = new BufferedStream(hashing, BufferSize);
        write(buffered);
        buffered.Flush();
        layer.Sync(file);
        return hashing.Fact(Path.GetFileName(path));
    }

    /// <summary>Flushes every file and folder below and including <paramref name="folder"/>; symbolic links are left alone.</summary>
    public void SyncTree(string folder)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
                continue;
            if (entry is DirectoryInfo)
                SyncTree(entry.FullName);
            else
                layer.SyncFile(entry.FullName);
        }
        layer.SyncFolder(folder);
    }

    /// <summary>Deletes a folder so that a crash on the way leaves no half of it under its name.</summary>
    public void DeleteFolder(string path)
    {
        if (!Directory.Exists(path))
            return;
        path = Path.GetFullPath(path);
        var condemned = Leftovers.NameFor(path);
        layer.Rename(path, condemned);
        layer.SyncFolder(Path.GetDirectoryName(path)!);
        DeleteTree(condemned);
    }

    /// <summary>Deletes a file, and the deletion survives a power loss; nothing happens when there is none.</summary>
    public void DeleteFile(string path)
    {
        if (!File.Exists(path))
            return;
        layer.DeleteFile(path);
        layer.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Deletes what interrupted writes left in a folder, known by name; symbolic links are neither followed nor deleted.</summary>
    public void CleanLeftovers(string folder, bool below)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var entry in new DirectoryInfo(folder).GetFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
                continue;
            if (Leftovers.Is(entry.Name))
                DeleteTree(entry.FullName);
            else if (below && entry is DirectoryInfo)
                CleanLeftovers(entry.FullName, below);
        }
    }

    /// <summary>Deletes a file or a folder with all that is in it; links in it are deleted, not followed.</summary>
    public void DeleteTree(string path)
    {
        var folder = new DirectoryInfo(path);
        if (folder.Exists && folder.LinkTarget is null)
        {
            foreach (var entry in folder.GetFileSystemInfos())
                DeleteTree(entry.FullName);
            layer.DeleteFolder(path);
        }
        else
        {
            layer.DeleteFile(path);
        }
    }

    /// <summary>Clears away after an error, which is what the caller must hear of; what remains is cleaned at the next start.</summary>
    internal void TryDelete(string path)
    {
        try
        {
            if (Path.Exists(path))
                DeleteTree(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
