using Espalier.Torch.Native;

namespace Espalier.Cli.Machine;

/// <summary>What <c>doctor</c> found: the fields of its JSON.</summary>
/// <param name="Espalier">This program's version.</param>
/// <param name="Dotnet">The runtime's version.</param>
/// <param name="Torch">libtorch; null where it could not be loaded.</param>
/// <param name="Cpu">The processor.</param>
/// <param name="Memory">Memory in bytes.</param>
/// <param name="Disk">The disk of the folder that was named.</param>
/// <param name="Gpus">Graphics processors that the driver shows.</param>
internal sealed record MachineReport(string Espalier, string Dotnet, TorchReport? Torch, CpuInfo Cpu, MemoryInfo Memory, DiskSpeed Disk,
    IReadOnlyList<string> Gpus)
{
    /// <summary>Processors that other programs kept busy before anything was measured.</summary>
    public double BusyProcessors { get; init; }

    /// <summary>What the environment presets for MKL, oneDNN and OpenMP.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What presets of MKL and oneDNN cost; null where there is none.</summary>
    public PresetSpeed? Preset { get; init; }

    /// <summary>What is wrong, worst first.</summary>
    public IReadOnlyList<Finding> Findings { get; init; } = [];
}

/// <summary>The libtorch in this process.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Library">Its file.</param>
/// <param name="Source">How that was found.</param>
/// <param name="Threads">Threads of an operator.</param>
/// <param name="HasCuda">Whether it can use a CUDA device.</param>
/// <param name="FlushesDenormals">Whether its threads take numbers too small for full precision as zero.</param>
/// <param name="Products">Which library multiplies float32 matrices.</param>
/// <param name="SgemmGflops">Measured, float32, 2048 by 2048 by 2048, all threads.</param>
/// <param name="OtherGflops">The same by the fastest of those that are not used; null where there is none.</param>
internal sealed record TorchReport(
    string Version, string Library, LibtorchSource Source, int Threads, bool HasCuda, bool FlushesDenormals, ProductLibrary Products,
    double SgemmGflops, double? OtherGflops)
{
    /// <summary>Whose <see cref="OtherGflops"/> are.</summary>
    public ProductLibrary? OtherProducts { get; init; }

    /// <summary>As <see cref="SgemmGflops"/>, of a product as a step of the quickstart has: 512 by 256 by 768.</summary>
    public double StepGflops { get; init; }

    /// <summary>The same by <see cref="OtherProducts"/>.</summary>
    public double? OtherStepGflops { get; init; }

    /// <summary>Measured, bfloat16, 2048 by 2048 by 2048; null where the processor has no units for it.</summary>
    public double? Bfloat16Gflops { get; init; }

    /// <summary>The same of a step's product.</summary>
    public double? Bfloat16StepGflops { get; init; }

    /// <summary>Why its part for CUDA could not be loaded; null where it was, or where it has none.</summary>
    public string? WithoutCuda { get; init; }
}
