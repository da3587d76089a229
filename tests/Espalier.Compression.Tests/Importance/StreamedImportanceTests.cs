using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Scores of a model that is read layer by layer against those of the loaded one.</summary>
public sealed class StreamedImportanceTests : TorchTest
{
    [Theory]
    [InlineData(Aggregation.L2, Aggregation.Mean, 16)]
    [InlineData(Aggregation.L2, Aggregation.Mean, 3)]
    [InlineData(Aggregation.Variance, Aggregation.Variance, 5)]
    public void Every_score_has_the_bits_of_the_loaded_model(Aggregation overBatch, Aggregation overSequence, int batch)
    {
        var loaded = ScoresFile.ToJson(ImportanceGoldenTests.Score(new(overBatch, overSequence), Torch.DType.Float32, batch));
        var streamed = ScoresFile.ToJson(Streamed(new() { Samples = 16, Batch = batch, Aggregator = new(overBatch, overSequence), SpanWidths = [1, 2, 3] }));
        Assert.Equal(loaded.ToJsonString(), streamed.ToJsonString());
    }

    [Fact]
    public void Another_batch_size_shows_in_the_last_bits_so_the_comparison_above_can_fail()
    {
        var (whole, parts) = (Streamed(new() { Samples = 16, Batch = 16 }), Streamed(new() { Samples = 16, Batch = 3 }));
        Assert.NotEqual(ScoresFile.ToJson(whole).ToJsonString(), ScoresFile.ToJson(parts).ToJsonString());
        GoldenTensors.AssertClose(whole.Channels, parts.Channels, 0, 1e-5, "channels");
    }

    [Fact]
    public void More_samples_than_windows_are_refused_before_anything_is_read()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        var error = Assert.Throws<EspalierException>(() => ImportanceScorer.RunStreamed(model, Windows(), new() { Samples = 17 }, NullProgress.Instance));
        Assert.StartsWith("17 calibration samples", error.Message);
        Assert.Equal(0, model.BytesRead);
    }

    private static ImportanceScores Streamed(ScoreOptions options)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        return ImportanceScorer.RunStreamed(model, Windows(), options, NullProgress.Instance);
    }

    private static WindowSet Windows()
    {
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var ids = calibration.Longs("input_ids").Append(0).Select(id => (int)id);
        return new(TokenIds.FromList(ids, "calibration", 128), 32, WindowStride.Contiguous);
    }
}
