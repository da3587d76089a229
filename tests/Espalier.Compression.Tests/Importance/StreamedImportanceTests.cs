using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Compression.Importance.Values;
using Espalier.Models.Checkpoints;
using Espalier.Models.Streaming;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Scores of a model that is read layer by layer against those of the loaded one.</summary>
public sealed class StreamedImportanceTests : TorchTest
{
    private const long InMemory = long.MaxValue, OnDisk = 0;

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-").FullName;

    public static TheoryData<string, long> Families()
    {
        var cases = new TheoryData<string, long>();
        foreach (var family in Directory.GetDirectories(Fixtures.Golden("families")).Order())
        {
            cases.Add(Path.Combine("families", Path.GetFileName(family)), InMemory);
            cases.Add(Path.Combine("families", Path.GetFileName(family)), OnDisk);
        }
        cases.Add(Path.Combine("pruning", "teacher"), InMemory);
        cases.Add(Path.Combine("pruning", "teacher"), OnDisk);
        return cases;
    }

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_score_has_the_bits_of_the_loaded_model(string model, long memory)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden(model));
        foreach (var options in (ScoreOptions[])[
            new() { Samples = 7, Batch = 3, SpanWidths = [1, 2] },
            new() { Samples = 4, Batch = 8, SpanWidths = [checkpoint.Config.Layers],
                Aggregator = new(Aggregation.Variance, Aggregation.L2) }])
        {
            using var loaded = DecoderWeights.Load(checkpoint);
            var expected = ImportanceScorer.Run(loaded, Windows(checkpoint), options, NullProgress.Instance);
            var actual = Streamed(checkpoint, options, memory);
            Assert.Equal(ScoresFile.ToJson(expected).ToJsonString(), ScoresFile.ToJson(actual).ToJsonString());
            Assert.Empty(Directory.GetFileSystemEntries(_folder));
        }
    }

    [Fact]
    public void Another_batch_size_shows_in_the_last_bits_so_the_comparison_above_can_fail()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var (whole, parts) =
            (Streamed(checkpoint, new() { Samples = 16, Batch = 16 }, InMemory),
                Streamed(checkpoint, new() { Samples = 16, Batch = 3 }, InMemory));
        Assert.NotEqual(ScoresFile.ToJson(whole).ToJsonString(), ScoresFile.ToJson(parts).ToJsonString());
        GoldenTensors.AssertClose(whole.Units[Axis.Hidden]![0], parts.Units[Axis.Hidden]![0], 0, 1e-5, "channels");
    }

    [Fact]
    public void More_samples_than_windows_are_refused_before_anything_is_read()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        var error = Assert.Throws<EspalierException>(() =>
            Run(model, Windows(checkpoint), new() { Samples = 99 }, InMemory, _folder, NullProgress.Instance));
        Assert.StartsWith("99 calibration samples", error.Message);
        Assert.Equal(0, model.BytesRead);
    }

    [Fact]
    public void The_spill_file_has_no_name_while_it_is_used_and_streams_of_a_span_fit_its_slots()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Error);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        layer.During(() =>
            Run(model, Windows(checkpoint), new() { Samples = 4, Batch = 2, SpanWidths = [3] }, OnDisk, _folder,
                NullProgress.Instance));
        var verbs = layer.Acts.Select(act => act.Split(' ')[0]).ToArray();
        Assert.Equal(["open-log", "delete"], verbs[..2]);
        // Two batches, each once when it enters and once after each of six layers.
        Assert.Equal(2 * 7, verbs.Count(verb => verb == "write"));
    }

    [Theory]
    [InlineData(Fault.Full, 0)]
    [InlineData(Fault.Full, 2)]
    [InlineData(Fault.Full, 9)]
    [InlineData(Fault.Error, 1)]
    [InlineData(Fault.Error, 5)]
    public void A_disk_that_fails_is_named_with_the_way_out_and_nothing_stays(Fault fault, int act)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        var layer = new FaultyLayer(act, fault);
        var error = Assert.Throws<EspalierException>(() =>
            layer.During(() =>
                Run(model, Windows(checkpoint), new() { Samples = 4, Batch = 2 }, OnDisk, _folder, NullProgress.Instance)));
        Assert.StartsWith($"{_folder}: ", error.Message);
        Assert.Contains(fault == Fault.Full ? "No space left on device" : "Input/output error", error.Message);
        Assert.Contains("fewer", error.Message);
        Assert.Equal(1, error.ExitCode);
        Assert.True(act == 1 || Directory.GetFileSystemEntries(_folder).Length == 0);
    }

    [Theory]
    [InlineData(InMemory)]
    [InlineData(OnDisk)]
    public void An_interrupted_pass_leaves_no_file_and_no_tensor(long memory)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = new StreamedDecoder(checkpoint);
        using var stop = new CancellationTokenSource();
        var progress = new StopsAfter(5, stop);
        Assert.Throws<OperationCanceledException>(() =>
            Run(model, Windows(checkpoint), new() { Samples = 4, Batch = 1 }, memory, _folder, progress, stop.Token));
        Assert.Equal(5, progress.Done);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_model_is_loaded_where_its_float32_weights_fit_and_streamed_where_they_do_not()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var weights = 4 * checkpoint.Config.Parameters;
        Assert.False(ScoringMemory.For(checkpoint.Config, weights).Streams);
        Assert.True(ScoringMemory.For(checkpoint.Config, weights - 1).Streams);
        Assert.True(ScoringMemory.For(checkpoint.Config, weights, stream: true).Streams);
    }

    private ImportanceScores Streamed(Checkpoint checkpoint, ScoreOptions options, long memory)
    {
        using var model = new StreamedDecoder(checkpoint);
        return Run(model, Windows(checkpoint), options, memory, _folder, NullProgress.Instance);
    }

    private static WindowSet Windows(Checkpoint checkpoint)
    {
        var (random, vocabulary) = (new Random(1), checkpoint.Config.VocabularySize);
        return new(TokenIds.FromList(Enumerable.Range(0, 20 * 13).Select(_ => random.Next(vocabulary)), "calibration", vocabulary), 12);
    }

    /// <summary>Asks to stop when so many units are done.</summary>
    private sealed class StopsAfter(long units, CancellationTokenSource stop) : IProgressReporter, IProgressTask
    {
        public long Done { get; private set; }

        public IProgressTask Begin(string title, long total, string unit) => this;

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Advance(long done, string? detail = null) => Report(Done + done);

        public void Report(long done, string? detail = null)
        {
            Done = done;
            if (Done >= units)
                stop.Cancel();
        }

        public void Dispose()
        {
        }
    }

    private static ImportanceScores Run(StreamedDecoder model, WindowSet windows, ScoreOptions options, long memory, string folder,
        IProgressReporter progress, CancellationToken stop = default) =>
        StreamedScorer.Run(model, windows, options, [options.Aggregator], memory, folder, progress, stop)[0];
}
