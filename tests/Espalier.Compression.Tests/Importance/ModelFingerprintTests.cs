using Espalier.Compression;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Streaming;
using Espalier.Models.Checkpoints;
using Espalier.Models.Streaming;

namespace Espalier.Tests.Importance;

/// <summary>Which model scores are of: its config and weights, read once or known, and nothing else in its folder.</summary>
public sealed class ModelFingerprintTests : TorchTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("espalier-").FullName;

    private string Model => Path.Combine(_root, "model");

    private string Weights => Path.Combine(Model, CheckpointFolder.SingleFile);

    private string CachePath => Path.Combine(_root, "cache", "models.json");

    public override void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        base.Dispose();
    }

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void It_is_the_same_whether_scoring_streams_loads_or_nobody_reads(string family)
    {
        string After(Action<Checkpoint> work)
        {
            using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
            var fingerprint = ModelFingerprint.Watch(checkpoint, Never);
            work(checkpoint);
            return fingerprint.Finish();
        }
        var expected = After(_ => { });
        Assert.Equal(64, expected.Length);
        Assert.Equal(expected, After(checkpoint => DecoderWeights.Load(checkpoint).Dispose()));
        Assert.Equal(expected, After(checkpoint => checkpoint.CheckFinite()));
        Assert.Equal(expected, After(checkpoint => MagnitudeScorer.Run(checkpoint, [1], NullProgress.Instance)));
        Assert.Equal(expected, After(checkpoint =>
        {
            using var model = new StreamedDecoder(checkpoint);
            var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 26), "calibration", checkpoint.Config.VocabularySize), 12);
            StreamedScorer.Run(model, windows, new() { Samples = 2 }, [new ScoreOptions().Aggregator], 0, _root, NullProgress.Instance);
        }));
    }

    [Fact]
    public void Config_and_weights_count_and_neither_other_files_nor_white_space()
    {
        CopyModel();
        var expected = Read();
        File.WriteAllText(Path.Combine(Model, "README.md"), "about");
        var config = Path.Combine(Model, CheckpointFolder.ConfigFile);
        File.WriteAllText(config, " " + File.ReadAllText(config).Replace(",", " ,", StringComparison.Ordinal));
        Assert.Equal(expected, Read());

        var text = File.ReadAllText(config);
        File.WriteAllText(config, text.Insert(text.IndexOf('{', StringComparison.Ordinal) + 1, "\"rope_note\": 1,"));
        Assert.NotEqual(expected, Read());
        File.WriteAllText(config, text);
        FlipLastBit();
        Assert.NotEqual(expected, Read());

        string Read()
        {
            using var checkpoint = Checkpoint.Open(Model);
            return ModelFingerprint.Watch(checkpoint, Never).Finish();
        }
    }

    [Fact]
    public void A_model_that_is_known_is_not_read_again()
    {
        CopyModel();
        var expected = Fingerprint(Later);
        // That the cache answers shows where it is made to lie, by its own writer: a changed file is not believed.
        var weights = WeightsOf(Model);
        Assert.Contains(weights, File.ReadAllText(CachePath));
        var file = new CacheFile<KnownModel>(CachePath, RecordJson.Of<KnownModel[]>());
        file.Write([.. file.Read().Select(known => known with { Weights = new string('0', 64) })]);
        Assert.NotEqual(expected, Fingerprint(Later));
        File.WriteAllText(CachePath, File.ReadAllText(CachePath).Replace("000", "111", StringComparison.Ordinal));
        Assert.Equal(expected, Fingerprint(Later));
    }

    [Fact]
    public void Other_weights_of_the_same_size_and_time_are_read_and_take_the_place_of_the_first()
    {
        CopyModel();
        var (first, time) = (Fingerprint(Later), File.GetLastWriteTimeUtc(Weights));
        FlipLastBit();
        File.SetLastWriteTimeUtc(Weights, time);
        var second = Fingerprint(Later);
        Assert.NotEqual(first, second);
        Assert.Equal(second, Fingerprint(Later));
        Assert.DoesNotContain("},\n  {\n    \"files\"", File.ReadAllText(CachePath));
    }

    [Fact]
    public void A_file_that_takes_the_place_of_the_open_one_is_not_taken_for_it()
    {
        CopyModel();
        string open;
        using (var checkpoint = Checkpoint.Open(Model))
        {
            var other = Path.Combine(_root, "other");
            File.Copy(Weights, other);
            FlipLastBit(other);
            File.Move(other, Weights, overwrite: true);
            open = ModelFingerprint.Watch(checkpoint, Later).Finish();
        }
        var now = Fingerprint(Later);
        Assert.NotEqual(open, now);
        Assert.Equal(now, Fingerprint(Never));
    }

    [Fact]
    public void Weights_that_are_written_while_they_are_read_are_not_remembered()
    {
        CopyModel();
        using (var checkpoint = Checkpoint.Open(Model))
        {
            var fingerprint = ModelFingerprint.Watch(checkpoint, Later);
            checkpoint.CheckFinite();
            FlipLastBit();
            fingerprint.Finish();
        }
        Assert.False(File.Exists(CachePath));
    }

    [Fact]
    public void A_model_that_has_just_changed_is_not_remembered_and_neither_is_a_small_one()
    {
        CopyModel();
        Fingerprint(new ModelCache(CachePath, TimeProvider.System, least: 1));
        Fingerprint(new ModelCache(CachePath, new Clock(), least: new FileInfo(Weights).Length + 1));
        Assert.False(File.Exists(CachePath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[{\"files\":")]
    [InlineData("{}")]
    [InlineData("[null]")]
    [InlineData("[{\"files\": [null], \"weights\": \"00\"}]")]
    public void A_broken_cache_is_no_cache(string text)
    {
        CopyModel();
        Directory.CreateDirectory(Path.GetDirectoryName(CachePath)!);
        File.WriteAllText(CachePath, text);
        Assert.Equal(Fingerprint(Never), Fingerprint(Later));
    }

    private ModelCache Later => new(CachePath, new Clock(), least: 1);

    private ModelCache Never => new(CachePath, TimeProvider.System, long.MaxValue);

    private string Fingerprint(ModelCache cache)
    {
        using var checkpoint = Checkpoint.Open(Model);
        return ModelFingerprint.Watch(checkpoint, cache).Finish();
    }

    private static string WeightsOf(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return checkpoint.WeightsHash();
    }

    private void CopyModel()
    {
        Directory.CreateDirectory(Model);
        foreach (var name in (string[])[CheckpointFolder.ConfigFile, CheckpointFolder.SingleFile])
            File.Copy(Path.Combine(Fixtures.Golden("pruning", "teacher"), name), Path.Combine(Model, name));
    }

    private void FlipLastBit(string? file = null)
    {
        using var stream = new FileStream(file ?? Weights, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = stream.Length - 1;
        var value = stream.ReadByte();
        stream.Position--;
        stream.WriteByte((byte)(value ^ 1));
    }

    /// <summary>A minute from now.</summary>
    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddMinutes(1);
    }
}
