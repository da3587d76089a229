namespace Espalier.Cli.Machine;

/// <summary>Finds in a report what is wrong with the machine.</summary>
internal static class Diagnosis
{
    private const long Gibibyte = 1L << 30;
    private const double LeastOfExpected = 0.25, WorthChanging = 1.25;
    private const double LeastWriteBytesPerSecond = 30e6;

    internal static IReadOnlyList<Finding> Of(MachineReport report, string? torchError = null)
    {
        List<Finding> found = [];
        if (report.Torch is not { } torch)
            found.Add(
                new(Severity.Unusable, torchError
                    ?? "libtorch could not be loaded", Environment.GetEnvironmentVariable("LIBTORCH") is { Length: > 0 }
                    ? "unset LIBTORCH, or set it to libtorch 2.10 or later" : "run ./espalier, which fetches it"));
        else
            found.AddRange(
                [.. Speed(torch, report.Cpu), .. Library(torch, report), .. Denormals(torch), .. Threads(torch, report.Cpu),
                    .. Gpu(torch, report.Gpus)]);
        found.AddRange(
            [.. EnvironmentPresets.OfThreads(report.Environment, report.Cpu.Processors), .. report.Preset?.Findings()
                ?? [], .. Busy(report)]);
        found.AddRange([.. Memory(report.Memory), .. Disk(report.Disk)]);
        return [.. found.OrderBy(f => f.Severity)];
    }

    /// <summary>Float32 operations a second, in 10^9, that the processors surely reach; 0 where their clock is not known.</summary>
    internal static double ExpectedGflops(CpuInfo cpu, int threads) =>
        cpu.Megahertz / 1000 * cpu.SureOperationsPerCycle * Math.Min(threads, cpu.Processors);

    private static IEnumerable<Finding> Speed(TorchReport torch, CpuInfo cpu)
    {
        var expected = ExpectedGflops(cpu, torch.Threads);
        if (torch.SgemmGflops < expected * LeastOfExpected)
            yield return new(
                Severity.Warning,
                $"matrix products reach {torch.SgemmGflops:0} GFLOP/s; {expected:0} "
                    + $"would be usual for {torch.Threads} threads at {cpu.Megahertz:0} MHz",
                "look for other programs that use the processors, and for environment variables of MKL, oneDNN and OpenMP");
    }

    private static IEnumerable<Finding> Library(TorchReport torch, MachineReport report)
    {
        // What other programs leave says nothing of the libraries. One that is slower at what a step has costs a small model more than it
        // gains elsewhere.
        if (!IsBusy(report) && torch.OtherProducts is { } other && torch.OtherGflops > torch.SgemmGflops * WorthChanging
            && !(torch.OtherStepGflops < torch.StepGflops))
            yield return new(
                Severity.Warning,
                $"matrix products go to {TorchProbe.Name(torch.Products)} at {torch.SgemmGflops:0} GFLOP/s, but "
                    + $"{TorchProbe.Name(other)} reaches {torch.OtherGflops:0}",
                $"set {Products.Variable}={Products.ValueOf(other)}");
    }

    private static IEnumerable<Finding> Denormals(TorchReport torch)
    {
        if (!torch.FlushesDenormals)
            yield return new(Severity.Warning,
                $"libtorch {torch.Version} does not flush denormal numbers to zero: a step slows down when many values are close to zero",
                "use the libtorch of the NuGet package: unset LIBTORCH");
    }

    private static IEnumerable<Finding> Threads(TorchReport torch, CpuInfo cpu)
    {
        if (torch.Threads > cpu.Processors)
            yield return new(Severity.Warning, $"{torch.Threads} threads on {cpu.Processors} processors wait for each other",
                "unset OMP_NUM_THREADS or lower it");
    }

    private static IEnumerable<Finding> Busy(MachineReport report)
    {
        if (IsBusy(report))
            yield return new(
                Severity.Warning,
                string.Create(CultureInfo.InvariantCulture,
                    $"other programs keep {report.BusyProcessors:0.0} of {report.Cpu.Processors} "
                        + $"processors busy; the speeds above were measured on the rest"),
                "wait for them or stop them, then measure again");
    }

    private static bool IsBusy(MachineReport report) => report.BusyProcessors > ProcessorLoad.BusyShare * report.Cpu.Processors;

    private static IEnumerable<Finding> Gpu(TorchReport torch, IReadOnlyList<string> gpus)
    {
        if (gpus.Count > 0 && !torch.HasCuda)
            yield return new(Severity.Warning, $"{gpus[0]} was found, but this libtorch cannot use it{Because(torch.WithoutCuda)}",
                "set LIBTORCH to the folder of a libtorch, or of a pip-installed torch, that was built for CUDA");

        static string Because(string? reason) => reason is null ? "" : $": {reason}";
    }

    private static IEnumerable<Finding> Memory(MemoryInfo memory)
    {
        if (memory.Available < Gibibyte)
            yield return new(
                Severity.Warning,
                $"{Units.Bytes(memory.Available)} of {Units.Bytes(memory.Total)} memory is free; the quickstart takes about 1 GiB",
                "close other programs, or give the container more memory");
    }

    private static IEnumerable<Finding> Disk(DiskSpeed disk)
    {
        if (disk.Free < 2 * Gibibyte)
            yield return new(Severity.Warning, $"{Units.Bytes(disk.Free)} is free in {disk.Folder}; the quickstart writes about 1 GiB",
                "free some space, or run in another folder");
        if (disk.WriteBytesPerSecond < LeastWriteBytesPerSecond)
            yield return new(Severity.Warning,
                $"{disk.Folder} writes {Units.Bytes((long)disk.WriteBytesPerSecond)} per second; saving checkpoints will be slow",
                "run in a folder on a local disk");
    }
}
