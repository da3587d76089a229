using System.Diagnostics;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// P11: a model of 0.5 GB from its file until every weight was read once in its tensor, in a process of its own as a run begins, against dd
/// that reads the file; without the file in memory (on a virtual machine its host has it by then: one round goes before those that count),
/// and with it.
/// </summary>
internal static class LoadCase
{
    public static IEnumerable<Row> Run(CaseInput input)
    {
        using var work = new TemporaryFolder();
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { HiddenSize = 1024, IntermediateSize = 4096, Layers = 9 };
        CheckpointWriter.Write(work.At("model"), config, like, ElementType.F32, DecoderWeights.RandomSource(config, like.Family, seed: 0));
        var file = Directory.EnumerateFiles(work.At("model"), "*.safetensors").Single();
        var bytes = new FileInfo(file).Length;
        var resident = new List<double>();
        foreach (var cold in new[] { true, false })
        {
            Cost Prepared(Func<Cost> side)
            {
                if (cold)
                    Disk.Forget(file);
                else
                    Disk.Dd($"if={file}", "of=/dev/null", "bs=1M");
                return side();
            }
            yield return Pairs.Measure(input.Pairs, 1, () => Prepared(() => InAProcess(work.At("model"), input.Threads, resident)),
                    () => Prepared(() => Disk.Dd($"if={file}", "of=/dev/null", "bs=1M")))
                .OtherOverOwn(input, $"dd / load and touch, {(cold ? "cold" : "file in memory")}", cold ? 0.85
                    : null, FormattableString.Invariant($"{bytes / 1e6:0} MB")) with
            { Processor = null };
        }
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "peak resident while loading / weights",
            Value = Quantiles.Of(resident.Select(mib => mib * (1 << 20) / bytes)),
            AtMost = 1.05,
            Note = "beyond what the program has before",
        };
    }

    /// <summary>What one process measures, as JSON: seconds, and the highest resident memory beyond what there was before.</summary>
    public static string Measure(string folder, int threads)
    {
        TorchRuntime.Start(threads);
        // libtorch's first call takes memory for itself.
        using (var some = Tensor.Full(1, DType.Float32, 1 << 16))
            some.Sum().Dispose();
        Memory.ForgetPeak();
        var before = Memory.ResidentMiB;
        var seconds = Cost.Of(() =>
        {
            using var checkpoint = Checkpoint.Open(folder);
            using var model = DecoderWeights.Load(checkpoint);
            using var scope = TensorScope.Begin();
            foreach (var parameter in model.Parameters)
                parameter.Value.Sum();
        }).Wall;
        return new JsonObject { ["seconds"] = seconds, ["resident_mib"] = Memory.PeakMiB - before }.ToJsonString();
    }

    private static Cost InAProcess(string folder, int threads, List<double> resident)
    {
        using var process =
            Process.Start(
                new ProcessStartInfo("dotnet",
                    [typeof(LoadCase).Assembly.Location, "load", folder,
                        threads.ToString(CultureInfo.InvariantCulture)])
                { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"load {folder}: exit code {process.ExitCode}");
        var found = JsonNode.Parse(text)!;
        resident.Add((double)found["resident_mib"]!);
        return new((double)found["seconds"]!, 0);
    }
}
