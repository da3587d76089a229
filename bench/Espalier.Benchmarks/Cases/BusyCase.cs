using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>
/// P19: a distillation step with default threads beside as many processes that only compute, against one thread beside the same, each in a
/// process of its own, in turn. The subject "settings" tells the same of libgomp's ways to wait.
/// </summary>
internal static class BusyCase
{
    // Each process of a setting that loses takes a minute.
    private const int RoundsOfSettings = 5, Steps = 4;

    private static readonly (string Name, string? Variable, string Value)[] s_settings =
    [
        ("the program's choice", null, ""),
        ("active", "OMP_WAIT_POLICY", "active"),
        ("libgomp's own: 300000 spins", "GOMP_SPINCOUNT", "300000"),
        ("30000 spins", "GOMP_SPINCOUNT", "30000"),
        ("3000 spins", "GOMP_SPINCOUNT", "3000"),
        ("1000 spins", "GOMP_SPINCOUNT", "1000"),
        ("100 spins", "GOMP_SPINCOUNT", "100"),
        ("passive", "OMP_WAIT_POLICY", "passive"),
    ];

    public static IEnumerable<Row> Run(CaseInput input) =>
        new[] { false, true }.SelectMany(busy => input.Subject == "settings" ? Settings(input, busy) : Default(input, busy));

    private static IEnumerable<Row> Default(CaseInput input, bool busy)
    {
        var threads = Environment.ProcessorCount;
        using var others = new Spinners(busy ? threads : 0);
        var row = Pairs.Measure(input.Pairs, 1, () => InAProcess(threads, null, ""), () => InAProcess(1, null, ""))
            .OtherOverOwn(input, Quantity(threads, busy), busy ? 0.7 : null, "the program's choice");
        yield return row with { Processor = null, Threads = threads };
    }

    // Every setting once a round, so that what else the machine does meets all of them.
    private static IEnumerable<Row> Settings(CaseInput input, bool busy)
    {
        var threads = Environment.ProcessorCount;
        var one = new List<double>();
        var all = s_settings.ToDictionary(setting => setting.Name, _ => new List<double>());
        using (new Spinners(busy ? threads : 0))
            for (var round = 0; round < Math.Min(input.Pairs, RoundsOfSettings); round++)
            {
                one.Add(InAProcess(1, null, "").Wall);
                foreach (var (name, variable, value) in round % 2 == 0 ? s_settings : Enumerable.Reverse(s_settings))
                    all[name].Add(InAProcess(threads, variable, value).Wall);
            }
        return s_settings.Select(setting => new Row
        {
            Case = input.Subject,
            Threads = threads,
            Quantity = Quantity(threads, busy),
            Wall = Quantiles.Of(one.Zip(all[setting.Name], (alone, together) => alone / together)),
            PeerSpread = Quantiles.Of(one).Spread,
            Note = FormattableString.Invariant(
                $"{setting.Name}: {1e3 * Quantiles.Of(all[setting.Name]).Median:0} ms of one thread's {1e3 * Quantiles.Of(one).Median:0}"),
        });
    }

    private static string Quantity(int threads, bool busy) => $"one thread / {threads} threads, {(busy ? "busy" : "idle")} machine";

    /// <summary>What one process measures: seconds of a step, by the clock and the processor.</summary>
    public static string Measure(int threads)
    {
        Torch.TorchRuntime.Start(threads);
        using var teacher = BundledTeacher.Load();
        using var checkpoint = Models.Checkpoints.Checkpoint.Open(BundledTeacher.Folder);
        using var student =
            Models.DecoderWeights.Initialise(checkpoint.Config with { IntermediateSize = 512, Layers = 4 }, checkpoint.Family, seed: 0);
        using var setup = new PlainTrainer(student, teacher, steps: Steps);
        var steps = new List<double>();
        setup.Trainer.Every(1, report => steps.Add(report.Seconds));
        setup.Trainer.Run();
        return steps.Skip(1).Order().ElementAt(Steps / 2 - 1).ToString("R", CultureInfo.InvariantCulture);
    }

    private static Cost InAProcess(int threads, string? variable, string value)
    {
        var start = new ProcessStartInfo("dotnet",
            [typeof(BusyCase).Assembly.Location, "busy-step", threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput =
                true
        };
        foreach (var name in Torch.Native.ThreadWaiting.OfTheUser)
            start.Environment.Remove(name);
        if (variable is not null)
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? new(double.Parse(text, CultureInfo.InvariantCulture), 0)
            : throw new InvalidOperationException($"{variable}={value}: exit code {process.ExitCode}");
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
