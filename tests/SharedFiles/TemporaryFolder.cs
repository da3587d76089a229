namespace Espalier.Tests;

/// <summary>A folder for one test, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    // In memory where the system has that: thousands of flushes to a disk would take minutes.
    public string Path { get; } = Directory.CreateDirectory(System.IO.Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath(), $"espalier-{Guid.NewGuid():n}")).FullName;

    public string Of(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Every file below, by relative name, in order.</summary>
    public string[] Files() => [.. Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories)
        .Select(file => System.IO.Path.GetRelativePath(Path, file)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
