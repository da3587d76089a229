namespace Espalier.Benchmarks;

/// <summary>What the kernel counts of this process.</summary>
internal static class Memory
{
    /// <summary>Highest resident memory since the last <see cref="ForgetPeak"/>, in MiB.</summary>
    public static double PeakMiB => Field("/proc/self/status", "VmHWM:") / 1024;

    /// <summary>Resident memory now, in MiB.</summary>
    public static double ResidentMiB => Field("/proc/self/status", "VmRSS:") / 1024;

    /// <summary>What of it are pages of files, libraries' code above all, in MiB.</summary>
    public static double OfFilesMiB => Field("/proc/self/status", "RssFile:") / 1024;

    /// <summary>Threads of this process.</summary>
    public static double Threads => Field("/proc/self/status", "Threads:");

    /// <summary>Open files of this process.</summary>
    public static double Descriptors => Directory.GetFiles("/proc/self/fd").Length;

    /// <summary>Page faults that needed no disk, so far.</summary>
    public static double Faults =>
        double.Parse(File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ')[7], CultureInfo.InvariantCulture);

    /// <summary>Bytes read by system calls so far.</summary>
    public static double BytesRead => Field("/proc/self/io", "rchar:");

    /// <summary>Pages that this process touched for the first time, so far.</summary>
    public static long PageFaults =>
        long.Parse(File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[7],
            CultureInfo.InvariantCulture);

    /// <summary>The peak starts again at what is resident now.</summary>
    public static void ForgetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static double Field(string file, string name) => double.Parse(
        File.ReadLines(file)
            .First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal)
            .Trim(), CultureInfo.InvariantCulture);
}
