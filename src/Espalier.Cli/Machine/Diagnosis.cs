using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Compression.Runs;

namespace Espalier.Cli.Machine;

/// <summary>Tells from a report what is wrong with the machine.</summary>
internal static class Diagnosis
{
    private const long Gibibyte = 1L << 30;
    private const double LeastOfExpected = 0.25;
    private const double LeastWriteBytesPerSecond = 30e6;

    internal static IReadOnlyList<Finding> Of(MachineReport report, string? torchError = null)
    {
        List<Finding> found = [];
        if (report.Torch is not { } torch)
            found.Add(new(Severity.Unusable, torchError ?? "libtorch could not be loaded", "start the program with ./espalier, which installs and builds what is missing"));
        else
            found.AddRange([.. Blas(torch.Blas, report.Cpu), .. Speed(torch, report.Cpu), .. Threads(torch, report.Cpu), .. Gpu(torch, report.Gpus)]);
        found.AddRange([.. EnvironmentPresets.OfThreads(report.Environment, report.Cpu.Processors), .. report.Preset?.Findings() ?? [], .. Busy(report)]);
        found.AddRange([.. Memory(report.Memory), .. Disk(report.Disk)]);
        return [.. found.OrderBy(f => f.Severity)];
    }

    /// <summary>Float32 operations a second, in 10^9, that the processors surely reach; 0 where their clock is not known.</summary>
    internal static double ExpectedGflops(CpuInfo cpu, int threads) =>
        cpu.Megahertz / 1000 * cpu.SureOperationsPerCycle * Math.Min(threads, cpu.Processors);

    private static IEnumerable<Finding> Blas(BlasLibrary blas, CpuInfo cpu)
    {
        const string install = "install libopenblas0-openmp; ./espalier then uses it";
        if (blas.Kind == BlasKind.Reference)
            yield return new(Severity.Warning, $"matrix products come from the reference BLAS ({blas.File}), which is tens of times slower", install);
        if (blas.Kind is BlasKind.OpenblasPthread or BlasKind.OpenblasSerial)
            yield return new(Severity.Warning, $"this OpenBLAS ({blas.File}) does not share libtorch's OpenMP threads", install);
        if (blas.IsGeneric && cpu.Has("avx2"))
            yield return new(
                Severity.Warning,
                $"OpenBLAS runs its {blas.Kernel} kernel, which leaves the vector units unused",
                "start the program with ./espalier and with OPENBLAS_CORETYPE unset, or set it to Haswell (AVX2) or SkylakeX (AVX-512)");
    }

    private static IEnumerable<Finding> Speed(TorchReport torch, CpuInfo cpu)
    {
        var expected = ExpectedGflops(cpu, torch.Threads);
        if (torch.SgemmGflops < expected * LeastOfExpected)
            yield return new(
                Severity.Warning,
                $"matrix products reach {torch.SgemmGflops:0} GFLOP/s, where {expected:0} would be usual for {torch.Threads} threads at {cpu.Megahertz:0} MHz",
                "look for other programs that use the processors, and at the BLAS library and kernel above");
    }

    private static IEnumerable<Finding> Threads(TorchReport torch, CpuInfo cpu)
    {
        if (torch.Threads > cpu.Processors)
            yield return new(Severity.Warning, $"{torch.Threads} threads on {cpu.Processors} processors wait for each other", "unset OMP_NUM_THREADS or lower it");
    }

    private static IEnumerable<Finding> Busy(MachineReport report)
    {
        if (report.BusyProcessors > ProcessorLoad.BusyShare * report.Cpu.Processors)
            yield return new(
                Severity.Warning,
                string.Create(CultureInfo.InvariantCulture, $"other programs keep {report.BusyProcessors:0.0} of {report.Cpu.Processors} processors busy; the speeds above are what they leave"),
                "wait for them or end them, and measure again");
    }

    private static IEnumerable<Finding> Gpu(TorchReport torch, IReadOnlyList<string> gpus)
    {
        if (gpus.Count > 0 && !torch.HasCuda)
            yield return new(Severity.Warning, $"{gpus[0]} is there, but this libtorch cannot use it", "unpack a libtorch with CUDA and set LIBTORCH to its folder");
    }

    private static IEnumerable<Finding> Memory(MemoryInfo memory)
    {
        if (memory.Available < Gibibyte)
            yield return new(
                Severity.Warning,
                $"{Units.Bytes(memory.Available)} of {Units.Bytes(memory.Total)} memory is free; the quickstart takes about 1 GiB",
                "end other programs, or give the container more");
    }

    private static IEnumerable<Finding> Disk(DiskSpeed disk)
    {
        if (disk.Free < 2 * Gibibyte)
            yield return new(Severity.Warning, $"{Units.Bytes(disk.Free)} are free in {disk.Folder}; the quickstart writes about 1 GiB", "free some, or run in another folder");
        if (disk.WriteBytesPerSecond < LeastWriteBytesPerSecond)
            yield return new(Severity.Warning, $"{disk.Folder} takes {Units.Bytes((long)disk.WriteBytesPerSecond)} a second; saving checkpoints will be slow", "run in a folder on a local disk");
    }
}
