using System.Text.Json;
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
/// A list in a file that may be lost at any time: one that is broken or cannot be read is empty, and one that cannot be written is not.
/// </summary>
/// <typeparam name="T">What is remembered.</typeparam>
internal sealed class CacheFile<T>(string path, JsonTypeInfo<T[]> form) where T : class
{
    public T[] Read()
    {
        try
        {
            return File.Exists(path)
                ? [.. (JsonSerializer.Deserialize(RecordFile.ReadBytes(path), form) ?? []).Where(entry => entry is not null)] : [];
        }
        catch (Exception error) when (error is DamagedFileException or JsonException)
        {
            return [];
        }
    }

    public void Write(T[] entries)
    {
        try
        {
            var files = DurableFiles.OnDisk;
            files.EnsureFolder(Path.GetDirectoryName(path)!);
            files.Sweep(path);
            files.WriteFile(path, stream => JsonSerializer.Serialize(stream, entries, form));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
