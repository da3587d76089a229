using System.Diagnostics;
using System.Globalization;
using System.Text;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// How threads should wait: a distillation step and a matrix product with several settings of libgomp, on the machine as it is and beside processes that only
/// compute, which this one starts and ends. libgomp reads its settings once, so each is measured in a process of its own; settings take turns, round by round.
/// </summary>
internal static class ThreadsWaitBenchmark
{
    private const int ProductSize = 512, Products = 40, Steps = 6, Batch = 4, Sequence = 128;
    private const string OneThread = "one thread";

    private static readonly (string Name, string? Variable, string Value)[] s_settings =
    [
        (OneThread, null, ""),
        ("active", "OMP_WAIT_POLICY", "active"),
        ("libgomp's own: 300000 spins", "GOMP_SPINCOUNT", "300000"),
        ("30000 spins", "GOMP_SPINCOUNT", "30000"),
        ("3000 spins", "GOMP_SPINCOUNT", "3000"),
        ("1000 spins", "GOMP_SPINCOUNT", "1000"),
        ("the program's choice", null, ""),
        ("passive", "OMP_WAIT_POLICY", "passive"),
    ];

    /// <summary>The table, as Markdown: medians over rounds in milliseconds, and in brackets how many times as fast as one thread beside the same others.</summary>
    public static string Run(string teacher, string ids, int rounds, int threads)
    {
        var measured = s_settings.SelectMany(setting => new[] { (setting.Name, false), (setting.Name, true) }).ToDictionary(key => key, _ => new List<double[]>());
        for (var round = 0; round < rounds; round++)
            foreach (var busy in new[] { false, true })
            {
                using var others = new Spinners(busy ? threads : 0);
                foreach (var (name, variable, value) in s_settings)
                    measured[(name, busy)].Add(InAProcess(teacher, ids, name == OneThread ? 1 : threads, variable, value));
            }

        var table = new StringBuilder();
        table.Append(CultureInfo.InvariantCulture, $"{threads} threads, {rounds} rounds; busy: beside {threads} processes that only compute\n\n");
        table.Append(CultureInfo.InvariantCulture, $"| waiting | step, idle | step, busy | product of {ProductSize}³, idle | product, busy |\n|---|---|---|---|---|\n");
        foreach (var (name, _, _) in s_settings)
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {Cell(name, 0, false)} | {Cell(name, 0, true)} | {Cell(name, 1, false)} | {Cell(name, 1, true)} |\n");
        return table.ToString();

        string Cell(string name, int what, bool busy)
        {
            var (seconds, single) = (Median(name), Median(OneThread));
            return string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.0} ms ({single / seconds:0.00})");

            double Median(string setting) => measured[(setting, busy)].Select(run => run[what]).Order().ElementAt(rounds / 2);
        }
    }

    /// <summary>What one process measures: seconds of a step and of a product, medians.</summary>
    public static string Measure(string teacherFolder, string ids, int threads)
    {
        TorchRuntime.Start(threads);
        using var checkpoint = Checkpoint.Open(teacherFolder);
        using var teacher = DecoderWeights.Load(checkpoint);
        var smaller = checkpoint.Config with { IntermediateSize = checkpoint.Config.IntermediateSize * 2 / 3, Layers = Math.Max(1, checkpoint.Config.Layers / 2) };
        using var student = DecoderWeights.Initialise(smaller, checkpoint.Family, seed: 0);
        var windows = new WindowSet(TokenIds.Parse(ids, checkpoint.Config.VocabularySize), Sequence);
        using var trainer = new Trainer(student, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)), new(windows, SampleOrder.Sequential(windows.Count)), new()
        {
            Steps = Steps,
            Batch = Batch,
            LearningRate = 1e-4,
            MinLearningRate = 1e-4,
            WarmUp = 0,
        });
        var steps = new List<double>();
        trainer.Every(1, report => steps.Add(report.Seconds));
        trainer.Run();
        return string.Create(CultureInfo.InvariantCulture, $"{steps.Skip(1).Order().ElementAt((Steps - 1) / 2):R} {Product():R}");
    }

    private static double Product()
    {
        using var noGradient = GradMode.Disable();
        using var a = Tensor.Full(0.5, DType.Float32, ProductSize, ProductSize);
        var seconds = new List<double>();
        for (var i = 0; i <= Products; i++)
        {
            var started = Stopwatch.GetTimestamp();
            a.MatMul(a).Dispose();
            seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return seconds.Skip(1).Average();
    }

    private static double[] InAProcess(string teacher, string ids, int threads, string? variable, string value)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ThreadsWaitBenchmark).Assembly.Location, "threads-wait-one", teacher, ids, threads.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        };
        foreach (var name in Torch.Native.ThreadWaiting.OfTheUser)
            start.Environment.Remove(name);
        if (variable is not null)
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? [.. text.Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))]
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
