using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Parts;
using Espalier.Models.Checkpoints;

namespace Espalier.Benchmarks;

/// <summary>
/// The most memory that training steps need, with the blocks' graphs kept or made twice, of all weights or of low-rank factors; one of them
/// a process, for what a process had is not given back.
/// </summary>
internal static class MemoryBenchmark
{
    private const int Steps = 3;

    public static string Run(string folder, int batch, int sequence, bool checkpointing, int? rank)
    {
        using var source = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(source);
        var ids = Enumerable.Range(0, Steps * batch * (sequence + 1)).Select(i => (int)(7919L * i % model.Config.VocabularySize));
        var windows = new WindowSet(TokenIds.FromList(ids, "ids", model.Config.VocabularySize), sequence);
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new()
            {
                Steps = Steps,
                Batch = batch,
                ActivationCheckpointing = checkpointing,
                LowRank = rank is { } r ? new(r, r, LowRankTargets.All, Seed: 1) : null,
            });
        var before = Peak();
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            checkpointing,
            lora_rank = rank,
            trained = trainer.Sets.Sum(set => set.Parameters.Sum(parameter => parameter.Value.ElementCount)),
            tokens = batch * sequence,
            loss = reports[^1].Loss,
            seconds = Math.Round(reports.Skip(1).Min(report => report.Seconds), 3),
            peak_before_mib = before >> 20,
            peak_mib = Peak() >> 20,
        });
    }

    private static long Peak()
    {
        var line = File.ReadLines($"/proc/{Environment.ProcessId}/status")
            .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
