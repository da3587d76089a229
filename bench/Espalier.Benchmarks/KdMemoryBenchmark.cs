using System.Globalization;
using System.Text.Json;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>The highest resident memory of full distillation steps, as the system counts it (VmHWM).</summary>
internal static class KdMemoryBenchmark
{
    /// <summary>Arguments: the folder that the peer's <c>--write</c> made, steps, threads.</summary>
    public static string Run(string folder, int steps, int threads)
    {
        TorchRuntime.Start(threads);
        using var setup = new KdSetup(folder, steps);
        var losses = new List<double>();
        setup.Trainer.Every(1, report => losses.Add(report.Loss));
        setup.Trainer.Run();
        return JsonSerializer.Serialize(new { tokens = setup.Tokens, vocabulary = setup.Student.Config.VocabularySize, losses, peak_rss_mib = Math.Round(PeakMiB(), 1) });
    }

    private static double PeakMiB()
    {
        var line = File.ReadLines("/proc/self/status").First(entry => entry.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan("VmHWM:".Length, line.Length - "VmHWM:".Length - "kB".Length).Trim(), CultureInfo.InvariantCulture) / 1024.0;
    }
}
