using System.Text.Json;

namespace Espalier.Compression.Runs;

/// <summary>A hash that is known, and of which file: whatever touches its content changes one of these.</summary>
/// <param name="Path">The full path.</param>
/// <param name="Inode">Number of the file on its file system.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Changed">When content or attributes last changed, in nanoseconds (ctime, which no program can set).</param>
/// <param name="Sha256">Its hash.</param>
internal sealed record KnownHash(string Path, ulong Inode, long Bytes, long Changed, string Sha256);

/// <summary>
/// Remembers hashes of large files between commands, so that a model is not read from front to back for its hash each time. A file counts as the one that was hashed where path,
/// inode, size and time of change are equal. Only provenance is taken from here: stages and checkpoints are hashed anew. Without a cache, or where it cannot be read or written,
/// everything is hashed.
/// </summary>
/// <param name="path">The cache's own file.</param>
/// <param name="time">The clock; a file that changed within the last seconds is not remembered, since it could change again at the same instant.</param>
/// <param name="least">Bytes from which on a file is worth it.</param>
internal sealed class HashCache(string path, TimeProvider time, long least = HashCache.Large)
{
    private const long Large = 64 << 20;
    private const int Most = 1000;
    private const long Settled = 2_000_000_000;

    /// <summary>That of this user: <c>espalier/hashes.json</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static HashCache OfUser()
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return new(System.IO.Path.Combine(home, "espalier", "hashes.json"), TimeProvider.System);
    }

    /// <summary><see cref="ContentHash.OfFile"/>, from memory where the file is the one that was hashed.</summary>
    public string OfFile(string file)
    {
        file = System.IO.Path.GetFullPath(file);
        if (LibC.Identity(file) is not { } before || before.Bytes < least)
            return ContentHash.OfFile(file);
        var known = Read();
        if (known.FirstOrDefault(entry => entry with { Sha256 = "" } == before)?.Sha256 is { } hash)
            return hash;
        hash = ContentHash.OfFile(file);
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        if (before == LibC.Identity(file) && now - before.Changed > Settled)
            Write([before with { Sha256 = hash }, .. known.Where(entry => entry.Path != file).Take(Most - 1)]);
        return hash;
    }

    private KnownHash[] Read()
    {
        try
        {
            return File.Exists(path) ? [.. (JsonSerializer.Deserialize(RunJson.ReadBytes(path), RunJson.Default.KnownHashArray) ?? []).Where(entry => entry is not null)] : [];
        }
        catch (Exception error) when (error is DamagedFileException or JsonException)
        {
            return [];
        }
    }

    private void Write(KnownHash[] known)
    {
        try
        {
            DurableFiles.OnDisk.EnsureFolder(System.IO.Path.GetDirectoryName(path)!);
            DurableFiles.OnDisk.WriteFile(path, stream => JsonSerializer.Serialize(stream, known, RunJson.Default.KnownHashArray));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
