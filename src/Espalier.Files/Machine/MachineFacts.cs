namespace Espalier.Files;

/// <summary>The machine a run was made on: what may change its last bits.</summary>
/// <param name="Cpu">The processor's name.</param>
/// <param name="Cores">Logical processors that the process may use.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Libraries">Name to version: <c>libtorch</c>, <c>blas</c>, <c>dotnet</c>.</param>
internal sealed record MachineFacts(string Cpu, int Cores, int Threads, IReadOnlyDictionary<string, string> Libraries)
{
    /// <summary>This machine; threads and library versions come from who loaded them.</summary>
    public static MachineFacts Detect(int threads, IReadOnlyDictionary<string, string> libraries) =>
        new(CpuInfo.Read().Model, Environment.ProcessorCount, threads, libraries);
}
