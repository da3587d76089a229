namespace Espalier.Cli.Tests;

/// <summary>An empty folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("espalier-cli-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
