using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance.Depth;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance.Depth;

/// <summary>The golden teacher of six layers and its calibration ids, scored by depth.</summary>
internal static class DepthFixture
{
    public const int Layers = 6;

    /// <summary>Ids of samples of 32, each with one more after it where windows are that long.</summary>
    public static int[] Ids(int sequence, int samples = 16)
    {
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        return [.. calibration.Longs("input_ids").Chunk(32).Take(samples).SelectMany(row => sequence == 32 ? row.Append(0) : row)
            .Select(id => (int)id)];
    }

    public static WindowSet Windows(int sequence) => new(TokenIds.FromList(Ids(sequence), "calibration", 128), sequence);

    public static Decoder Teacher(DType dtype) => GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);

    public static DepthMetricScores Score(DepthMetricKind kind, DType dtype, int sequence, int batch, int samples = 16, int greedy = 0)
    {
        using var model = Teacher(dtype);
        return DepthScorer.Run(model, Windows(sequence), null,
            new() { Metrics = [kind], Samples = samples, Batch = batch, Widths = [1, 2, 3], Greedy = greedy },
            NullProgress.Instance).Metrics[kind];
    }

    public static void AssertSpans(GoldenTensors golden, string name, DepthMetricScores scores, double relative)
    {
        GoldenTensors.AssertClose(golden.Doubles($"{name}.1"), scores.Singles, 1e-15, relative, $"{name}.1");
        Assert.True(golden.Has($"{name}.2"));
        foreach (var (width, values) in scores.Spans.Where(span => golden.Has($"{name}.{span.Key}")))
            GoldenTensors.AssertClose(golden.Doubles($"{name}.{width}"), values, 1e-15, relative, $"{name}.{width}");
    }
}
