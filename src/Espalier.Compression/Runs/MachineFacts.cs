namespace Espalier.Compression.Runs;

/// <summary>The machine a run was made on: what may change its last bits.</summary>
/// <param name="Cpu">The processor's name.</param>
/// <param name="Cores">Logical processors that the process may use.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Libraries">Name to version: <c>libtorch</c>, <c>blas</c>, <c>dotnet</c>.</param>
public sealed record MachineFacts(string Cpu, int Cores, int Threads, IReadOnlyDictionary<string, string> Libraries)
{
    /// <summary>This machine; threads and library versions come from who loaded them.</summary>
    public static MachineFacts Detect(int threads, IReadOnlyDictionary<string, string> libraries) =>
        new(CpuName(), Environment.ProcessorCount, threads, libraries);

    private static string CpuName()
    {
        try
        {
            return File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
                ? line[(line.IndexOf(':') + 1)..].Trim()
                : "unknown";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "unknown";
        }
    }
}
