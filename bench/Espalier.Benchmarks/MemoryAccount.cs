namespace Espalier.Benchmarks;

/// <summary>
/// Resident memory of a distillation from one point to the next, and how much of it is pages of files; a process of its own, for what a
/// process had is not given back.
/// </summary>
internal static class MemoryAccount
{
    /// <summary>A line of JSON a point: start, libtorch loaded, models and moments there, and each step.</summary>
    /// <param name="folder">What the peer's <c>--write</c> wrote.</param>
    /// <param name="threads">Threads of operators.</param>
    /// <param name="steps">Steps.</param>
    /// <param name="windowsOfAPass">Windows that go forward and back together; 0 for the whole step.</param>
    /// <param name="write">Takes a line.</param>
    public static void Run(string folder, int threads, int steps, int windowsOfAPass, Action<string> write)
    {
        Write("start");
        TorchRuntime.Start(threads);
        Write("libtorch");
        using var setup = new KdSetup(folder, steps, windowsOfAPass: windowsOfAPass);
        Write("models and moments");
        setup.Trainer.Every(1, report => Write(string.Create(CultureInfo.InvariantCulture, $"step {report.Step}"), report.Loss));
        setup.Trainer.Run();

        void Write(string point, double? loss = null) => write(JsonSerializer.Serialize(new
        {
            point,
            loss,
            processor_seconds = Math.Round(Environment.CpuUsage.TotalTime.TotalSeconds, 2),
            peak_mib = Math.Round(Memory.PeakMiB, 1),
            resident_mib = Math.Round(Memory.ResidentMiB, 1),
            of_files_mib = Math.Round(Memory.OfFilesMiB, 1),
            managed_mib = Math.Round(GC.GetTotalMemory(forceFullCollection: false) / (double)(1 << 20), 1),
        }));
    }
}
