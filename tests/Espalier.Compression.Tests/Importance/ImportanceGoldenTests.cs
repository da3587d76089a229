using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Scores against float64 transformers: definitions and tolerances in tests/golden/pruning/README.md.</summary>
public sealed class ImportanceGoldenTests : TorchTest
{
    public static TheoryData<Aggregation, Aggregation, DType> Cases()
    {
        var cases = new TheoryData<Aggregation, Aggregation, DType>();
        foreach (var batch in Enum.GetValues<Aggregation>())
            foreach (var sequence in Enum.GetValues<Aggregation>())
                foreach (var dtype in new[] { DType.Float64, DType.Float32 })
                    cases.Add(batch, sequence, dtype);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Scores_of_every_axis_are_those_of_the_reference(Aggregation batch, Aggregation sequence, DType dtype)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = Score(new(batch, sequence), dtype, 16);
        var name = $"{Short(batch)}.{Short(sequence)}";
        var relative = dtype == DType.Float64 ? 1e-9 : batch == Aggregation.Variance || sequence == Aggregation.Variance ? 1e-4 : 1e-5;
        void Check(string what, IEnumerable<double> actual) => GoldenTensors.AssertClose(golden.Doubles(what), [.. actual], 1e-15, relative, what);
        Check($"neuron.{name}", scores.Neurons.SelectMany(layer => layer));
        Check($"head.{name}", scores.Heads.SelectMany(layer => layer));
        Check($"channel_per_norm.{name}", scores.ChannelsPerNorm.SelectMany(norm => norm));
        Check($"channel.{name}", scores.Channels);
    }

    [Theory]
    [InlineData(DType.Float64, 1e-9)]
    [InlineData(DType.Float32, 1e-5)]
    public void Block_influence_of_every_span_is_that_of_the_reference(DType dtype, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = Score(Aggregator.Default, dtype, 16);
        foreach (var (width, influence) in scores.BlockInfluence)
            GoldenTensors.AssertClose(golden.Doubles($"block_influence.{width}"), influence, 1e-9, relative, $"block_influence.{width}");
    }

    [Fact]
    public void Batching_does_not_show_in_the_scores()
    {
        var (whole, parts) = (Score(Aggregator.Default, DType.Float64, 16), Score(Aggregator.Default, DType.Float64, 3));
        GoldenTensors.AssertClose(whole.Channels, parts.Channels, 0, 1e-12, "channels");
        GoldenTensors.AssertClose(whole.Neurons[2], parts.Neurons[2], 0, 1e-12, "neurons");
    }

    internal static ImportanceScores Score(Aggregator aggregator, DType dtype, int batch)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        // One id more at the end, so that windows of 32 inputs are the 16 sequences themselves.
        var ids = calibration.Longs("input_ids").Append(0).Select(id => (int)id);
        var windows = new WindowSet(TokenIds.FromList(ids, "calibration", 128), 32, WindowStride.Contiguous);
        return ImportanceScorer.Run(model, windows, new() { Samples = 16, Batch = batch, Aggregator = aggregator, SpanWidths = [1, 2, 3] }, NullProgress.Instance);
    }

    private static string Short(Aggregation aggregation) => aggregation switch
    {
        Aggregation.L2 => "l2",
        Aggregation.Mean => "mean",
        _ => "var",
    };
}
