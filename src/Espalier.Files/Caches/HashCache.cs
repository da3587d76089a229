namespace Espalier.Files;

/// <summary>A hash that is known, and of which file: whatever touches its content changes one of these.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Inode">Number of the file on its file system.</param>
/// <param name="Changed">When content or attributes last changed, in nanoseconds (ctime, which no program can set).</param>
internal sealed record KnownHash(string Path, ulong Inode, long Bytes, long Changed, string Sha256)
{
    private const long Settled = 2_000_000_000;

    /// <summary>A file whose hash is not known yet; null where the system does not say which file it is.</summary>
    public static KnownHash? Of(string path, FileIdentity? file) =>
        file is null ? null : new(path, file.Inode, file.Bytes, file.Changed, "");

    /// <summary>
    /// Whether the file has been as it is for some seconds: one that has just changed could change again at the same instant, by the
    /// file system's clock.
    /// </summary>
    public bool IsSettled(DateTimeOffset now) => (now - DateTimeOffset.UnixEpoch).Ticks * 100 - Changed > Settled;
}

/// <summary>
/// Remembers hashes of large files between commands, so that a model is not read from front to back for its hash each time. A file counts
/// as the one that was hashed where path,
/// inode, size and time of change are equal. Only provenance of old scores is taken from here: stages and checkpoints are hashed anew.
/// Without a cache, or where it cannot be read or written,
/// everything is hashed.
/// </summary>
/// <param name="path">The cache's own file.</param>
/// <param name="time">The clock; a file that changed within the last seconds is not remembered.</param>
/// <param name="least">Bytes from which on a file is worth it.</param>
internal sealed class HashCache(string path, TimeProvider time, long least = HashCache.Large)
{
    /// <summary>Files, or models, from so many bytes on are remembered.</summary>
    public const long Large = 64 << 20;

    private const int Most = 1000;

    private readonly CacheFile<KnownHash> _file = new(path, RecordJson.Of<KnownHash[]>());

    /// <summary>That of this user: <c>espalier/hashes.json</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static HashCache OfUser() => new(CacheFile.OfUser("hashes.json"), TimeProvider.System);

    /// <summary><see cref="ContentHash.OfFile(string)"/>, from memory where the file is the one that was hashed.</summary>
    public string OfFile(string file)
    {
        file = System.IO.Path.GetFullPath(file);
        if (KnownHash.Of(file, LibC.Identity(file)) is not { } before || before.Bytes < least)
            return ContentHash.OfFile(file);
        var known = _file.Read();
        if (known.FirstOrDefault(entry => entry with { Sha256 = "" } == before)?.Sha256 is { } hash)
            return hash;
        hash = ContentHash.OfFile(file);
        if (before == KnownHash.Of(file, LibC.Identity(file)) && before.IsSettled(time.GetUtcNow()))
            _file.Write([before with { Sha256 = hash }, .. known.Where(entry => entry.Path != file).Take(Most - 1)]);
        return hash;
    }
}
