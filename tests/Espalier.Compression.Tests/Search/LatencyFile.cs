using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Tests.Search;

/// <summary>A latency table in a file of its own, measured by a formula.</summary>
internal sealed class LatencyFile : IDisposable
{
    private readonly Func<DecoderConfig, int, bool, LatencyMeasure> _measure;

    public LatencyFile(Func<DecoderConfig, int, bool, LatencyMeasure> measure)
    {
        _measure = measure;
        Table = Open("one");
    }

    public string Path { get; } = System.IO.Path.Combine(Directory.CreateTempSubdirectory("espalier-latency-").FullName, "latency.json");

    public LatencyTable Table { get; }

    public LatencyTable Open(string machine, CancellationToken stop = default) => LatencyTable.Open(Path, machine, _measure, stop);

    public void Dispose() => Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, recursive: true);
}
