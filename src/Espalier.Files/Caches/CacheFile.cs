using System.Text.Json.Serialization.Metadata;

namespace Espalier.Files;

/// <summary>Where this user's caches lie.</summary>
internal static class CacheFile
{
    /// <summary>A file in <c>espalier</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static string OfUser(string name)
    {
        var home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        return Path.Combine(home, "espalier", name);
    }
}

/// <summary>
/// A list in a file that may be lost at any time: one that is broken or cannot be read is empty, and one that cannot be written is not. It
/// carries the hash of its text, so that a changed one is not believed.
/// </summary>
/// <typeparam name="T">What is remembered.</typeparam>
internal sealed class CacheFile<T>(string path, JsonTypeInfo<T[]> form) where T : class
{
    /// <summary>What is remembered; nothing where the file is not there, or not what was written.</summary>
    /// <param name="tell">Receives in one line that there is a file that is not what was written; null where nobody asks.</param>
    public T[] Read(Action<string>? tell = null)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            return [.. (JsonSerializer.Deserialize(SealedJson.Body(path).Span, form) ?? []).Where(entry => entry is not null)];
        }
        catch (Exception error) when (error is DamagedFileException or JsonException)
        {
            tell?.Invoke($"{error.Message}; its contents will be computed again");
            return [];
        }
    }

    /// <summary>Remembers entries in place of what is there; where that cannot be written, nothing.</summary>
    public void Write(T[] entries)
    {
        try
        {
            var files = DurableFiles.OnDisk;
            files.EnsureFolder(Path.GetDirectoryName(path)!);
            files.Sweep(path);
            files.WriteFile(path, stream => stream.Write(SealedJson.Bytes(entries, form)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
