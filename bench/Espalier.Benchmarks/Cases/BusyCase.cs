using System.Diagnostics;
using System.Globalization;

namespace Espalier.Benchmarks;

/// <summary>
/// P19: a distillation step with default threads beside as many processes that only compute, against one thread beside the same, each in a process of its own, in turn.
/// The subject "settings" tells the same of libgomp's ways to wait.
/// </summary>
internal static class BusyCase
{
    private static readonly (string Name, string? Variable, string Value)[] s_settings =
    [
        ("the program's choice", null, ""),
        ("active", "OMP_WAIT_POLICY", "active"),
        ("libgomp's own: 300000 spins", "GOMP_SPINCOUNT", "300000"),
        ("3000 spins", "GOMP_SPINCOUNT", "3000"),
        ("passive", "OMP_WAIT_POLICY", "passive"),
    ];

    public static IEnumerable<Row> Run(CaseInput input)
    {
        var threads = Environment.ProcessorCount;
        foreach (var (name, variable, value) in input.Subject == "settings" ? s_settings[1..] : s_settings[..1])
            foreach (var busy in new[] { false, true })
            {
                using var others = new Spinners(busy ? threads : 0);
                var row = Pairs.Measure(input.Pairs, 1, () => InAProcess(threads, variable, value), () => InAProcess(1, null, ""))
                    .OtherOverOwn(input, $"one thread / {threads} threads, {(busy ? "busy" : "idle")} machine", busy && variable is null ? 0.7 : null, name);
                yield return row with { Processor = null, Threads = threads };
            }
    }

    /// <summary>What one process measures: seconds of a step, by the clock and the processor.</summary>
    public static string Measure(int threads)
    {
        Torch.TorchRuntime.Start(threads);
        using var teacher = BundledTeacher.Load();
        using var checkpoint = Models.Checkpoints.Checkpoint.Open(BundledTeacher.Folder);
        using var student = Models.DecoderWeights.Initialise(checkpoint.Config with { IntermediateSize = 512, Layers = 4 }, checkpoint.Family, seed: 0);
        using var setup = new PlainTrainer(student, teacher, steps: 6);
        var steps = new List<double>();
        setup.Trainer.Every(1, report => steps.Add(report.Seconds));
        setup.Trainer.Run();
        return steps.Skip(1).Order().ElementAt(2).ToString("R", CultureInfo.InvariantCulture);
    }

    private static Cost InAProcess(int threads, string? variable, string value)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(BusyCase).Assembly.Location, "busy-step", threads.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true };
        foreach (var name in Torch.Native.ThreadWaiting.OfTheUser)
            start.Environment.Remove(name);
        if (variable is not null)
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? new(double.Parse(text, CultureInfo.InvariantCulture), 0) : throw new InvalidOperationException($"{variable}={value}: exit code {process.ExitCode}");
    }

    /// <summary>Processes that do nothing but compute, until they are disposed.</summary>
    private sealed class Spinners(int count) : IDisposable
    {
        private readonly Process[] _all = [.. Enumerable.Range(0, count).Select(_ => Process.Start("sh", ["-c", "while :; do :; done"]))];

        public void Dispose()
        {
            foreach (var process in _all)
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }
        }
    }
}
