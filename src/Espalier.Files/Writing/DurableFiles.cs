namespace Espalier.Files;

/// <summary>
/// Writing so that a reader, a crash or a power loss finds either the old or the new, never something between:
/// write a temporary, flush it, rename it, flush the folder.
/// </summary>
/// <param name="layer">What touches the disk.</param>
internal sealed class DurableFiles(IFileLayer layer)
{
    private static readonly EnumerationOptions s_asNamed =
        new() { AttributesToSkip = 0, MatchCasing = MatchCasing.CaseSensitive, MatchType = MatchType.Simple };

    private static readonly TimeSpan s_young = TimeSpan.FromMinutes(1);

    private static readonly DurableFiles s_disk = new(new DiskLayer());

    private static readonly AsyncLocal<DurableFiles?> s_instead = new();

    /// <summary>On the real disk; for what a test does within <see cref="Through"/>, on the layer that it makes fail.</summary>
    public static DurableFiles OnDisk => s_instead.Value ?? s_disk;

    /// <summary>The single acts underneath.</summary>
    public IFileLayer Layer => layer;

    /// <summary>
    /// For tests: until it is disposed, all that this flow of execution writes, on whatever threads, goes through another layer.
    /// </summary>
    public static IDisposable Through(IFileLayer layer)
    {
        var before = s_instead.Value;
        s_instead.Value = new(layer);
        return new Back(before);
    }

    /// <summary>Creates a folder and the missing ones above it; each survives a power loss.</summary>
    /// <returns>Whether it was missing.</returns>
    public bool EnsureFolder(string path)
    {
        path = Path.GetFullPath(path);
        if (Directory.Exists(path))
            return false;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null)
            EnsureFolder(parent);
        layer.CreateFolder(path);
        if (parent is not null)
            layer.SyncFolder(parent);
        return true;
    }

    /// <summary>Begins a file that takes its place when it is whole; its folder must exist.</summary>
    public UnfinishedFile Begin(string path)
    {
        path = Path.GetFullPath(path);
        return new(this, path, Leftovers.NameFor(path));
    }

    /// <summary>Writes a file whole or not at all; its folder must exist.</summary>
    /// <param name="replace">Whether an older one of that name is replaced; otherwise the name must be free.</param>
    /// <returns>Size and hash of what was written, under the file's name.</returns>
    public FileFact WriteFile(string path, Action<Stream> write, bool replace = true)
    {
        using var file = Begin(path);
        write(file.Stream);
        var fact = file.Flush();
        file.Publish(replace);
        return fact;
    }

    /// <summary>
    /// Writes a folder of a name that is free or an empty folder's, whole or not at all: <paramref name="fill"/> gets a temporary folder,
    /// which is flushed
    /// file by file and then takes its place.
    /// </summary>
    /// <exception cref="IOException">Somebody put something there meanwhile; that stays.</exception>
    public void WriteFolder(string path, Action<string> fill)
    {
        path = Path.GetFullPath(path);
        var parent = Path.GetDirectoryName(path)!;
        EnsureFolder(parent);
        var temporary = Leftovers.NameFor(path);
        try
        {
            using var held = CreateHeld(temporary);
            fill(temporary);
            SyncTree(temporary);
            if (Directory.Exists(path))
                layer.DeleteFolder(path);
            layer.Rename(temporary, path);
            layer.SyncFolder(parent);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Says to <see cref="Sweep"/>, in whatever process, that somebody is at work in a folder, until it is disposed or this process ends.
    /// Null where the
    /// system has no such locks.
    /// </summary>
    public static IDisposable? Hold(string folder) => LibC.HoldShared(folder);

    /// <summary>
    /// Creates a folder under a name of <see cref="Leftovers.NameFor"/> and holds it. Whoever sweeps at the instant in which nobody does
    /// takes it for a dead one's: then it is made again.
    /// </summary>
    /// <returns>The hold; null where the system has no such locks.</returns>
    public IDisposable? CreateHeld(string folder)
    {
        while (true)
        {
            layer.CreateFolder(folder);
            if (!OperatingSystem.IsLinux())
                return null;
            try
            {
                var held = LibC.HoldShared(folder)!;
                if (LibC.IsStillThere(held, folder))
                    return held;
                held.Dispose();
            }
            catch (IOException) when (!Directory.Exists(folder))
            {
            }
        }
    }

    /// <summary>
    /// Deletes what killed writers left beside a path: names that this program made and that no living writer holds. Those of other outputs
    /// must be a minute old, for a folder is not held at the instant in which it is made. Links are left alone, and so is what cannot be
    /// deleted.
    /// </summary>
    /// <param name="path">What will be written; of it, what early builds left goes too.</param>
    /// <param name="now">For tests: the time.</param>
    public void Sweep(string path, DateTime? now = null)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var (parent, name, at) = (Path.GetDirectoryName(path), Path.GetFileName(path), now ?? DateTime.UtcNow);
        if (parent is null || !Directory.Exists(parent))
            return;
        try
        {
            foreach (var entry in new DirectoryInfo(parent).EnumerateFileSystemInfos("*.tmp-*", s_asNamed))
            {
                var of = entry.Name[..entry.Name.LastIndexOf(".tmp-", StringComparison.Ordinal)];
                var isMade = of == name ? Leftovers.IsOf(entry.Name, of) || Leftovers.IsOfEarlyBuild(entry.Name, name)
                    : Leftovers.IsOf(entry.Name, of) && at - entry.CreationTimeUtc > s_young;
                if (isMade && entry.LinkTarget is null)
                    TryDeleteUnheld(entry.FullName);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be listed: writing to it will say so.
        }
    }

    /// <summary>
    /// Writes and flushes a file under its own name, in a folder where nobody looks yet. The name itself survives once its folder is
    /// flushed.
    /// </summary>
    /// <returns>Size and checksum of what was written, under the file's name.</returns>
    public FileChecksum WriteNew(string path, Action<Stream> write)
    {
        using var file = layer.CreateFile(path);
        using var hashing = new HashingStream(file, ContentHasher.Xxh128());
        // Never disposed: that would write what is left in the buffer after an error, and hide the error.
        var buffered = new BufferedStream(hashing, UnfinishedFile.BufferSize);
        write(buffered);
        buffered.Flush();
        layer.Sync(file);
        return new(Path.GetFileName(path), hashing.Length) { Xxh128 = hashing.Digits() };
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

    /// <summary>Deletes a file, and the deletion survives a power loss.</summary>
    /// <returns>Whether there was one.</returns>
    public bool DeleteFile(string path)
    {
        if (!File.Exists(path))
            return false;
        layer.DeleteFile(path);
        layer.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return true;
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
    public void TryDelete(string path)
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

    /// <summary>The same for what no living process holds; nobody gets a hold of it meanwhile.</summary>
    public void TryDeleteUnheld(string path)
    {
        using var claimed = LibC.Claim(path);
        if (claimed is not null)
            TryDelete(path);
    }

    private sealed class Back(DurableFiles? before) : IDisposable
    {
        public void Dispose() => s_instead.Value = before;
    }
}
