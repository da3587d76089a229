using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>The disk's state before a measurement, and the plain program beside which ours is measured.</summary>
internal static class Disk
{
    /// <summary>Nothing of a file is in memory; what the host of a virtual machine keeps of it stays there.</summary>
    public static void Forget(string file)
    {
        using (var handle = File.OpenHandle(file))
            RandomAccess.FlushToDisk(handle);
        Dd($"if={file}", "iflag=nocache", "count=0");
    }

    /// <summary>dd with these operands; by the clock alone.</summary>
    public static Cost Dd(params string[] operands) => Run("dd", [.. operands, "status=none"]);

    private static Cost Run(string program, params string[] arguments)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        process.WaitForExit();
        return process.ExitCode == 0
            ? new(Stopwatch.GetElapsedTime(started).TotalSeconds, 0)
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}");
    }
}
