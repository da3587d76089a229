using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Models.Checkpoints;
using Espalier.Models.Streaming;

namespace Espalier.Benchmarks;

/// <summary>P8: bytes that a streamed scoring pass reads, as the kernel counts them, over the bytes of the model's weights.</summary>
internal static class StreamedReadCase
{
    public static IEnumerable<Row> Run(CaseInput input)
    {
        using var work = new TemporaryFolder();
        TorchRuntime.Start(input.Threads);
        using var like = Checkpoint.Open(BundledTeacher.Folder);
        var config = like.Config with { HiddenSize = 512, IntermediateSize = 2048, Layers = 12 };
        CheckpointWriter.Write(work.At("model"), config, like, ElementType.F32, DecoderWeights.RandomSource(config, like.Family, seed: 0));
        var bytes = Directory.EnumerateFiles(work.At("model"), "*.safetensors").Sum(file => new FileInfo(file).Length);
        var windows = BundledTeacher.Windows(128);
        using var checkpoint = Checkpoint.Open(work.At("model"));
        using var model = new StreamedDecoder(checkpoint);
        var before = Memory.BytesRead;
        var options = new ScoreOptions { Samples = 8, Batch = 4 };
        StreamedScorer.Run(model, windows, options, [options.Aggregator], long.MaxValue, work.Path, NullProgress.Instance);
        var read = Memory.BytesRead - before;
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "bytes read / bytes of the model",
            Value = Quantiles.Exactly(read / bytes),
            AtMost = 1.1,
            Note = FormattableString.Invariant($"{read / 1e6:0.0} of {bytes / 1e6:0.0} MB"),
        };
    }
}
