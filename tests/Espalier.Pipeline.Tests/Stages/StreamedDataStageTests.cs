using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Tokens;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>Text whose tokens are more than the disk's share: the same windows, and the same order where all of it fits.</summary>
public sealed class StreamedDataStageTests : TorchTest
{
    private const int Sequence = 16;

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-stream-").FullName;

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void What_fits_into_the_share_is_trained_on_as_without_it()
    {
        var data = new DataSection { Train = [Documents("a.jsonl", "river", 300)], HeldOut = 0.2, Sequence = Sequence };
        Within(run =>
        {
            using var whole = Tokens(run, data);
            using var within = Tokens(run, data with { Disk = 1_000_000 });
            Assert.Equal(whole.Hash, within.Hash);
            Assert.IsType<TokenStore>(within.Train);
            Assert.Equal(Order(whole), Order(within));
        });
    }

    [Fact]
    public void What_does_not_is_the_same_windows_in_pieces_and_the_record_and_the_status_say_so()
    {
        var data = new DataSection
        {
            Train = [Documents("a.jsonl", "river", 300)],
            HeldOut = 0.2,
            Sequence = Sequence,
            Documents = DocumentContext.Separate,
        };
        Within(run =>
        {
            using var whole = Tokens(run, data);
            using var streamed = Tokens(run, data with { Disk = 3000 });
            Assert.IsType<StreamedTokens>(streamed.Train);
            Same(whole, streamed);
            Assert.NotEqual(whole.Hash, streamed.Hash);
            Assert.NotEqual(Order(whole), Order(streamed));
            Assert.Equal(Order(whole).Order(), Order(streamed).Order());
            var status = RunStatus.Read(run.Folder.Path).Streamed!;
            Assert.InRange(status.Pieces, 5, 40);
            Assert.InRange(status.OnDisk, 1, 3);
            Assert.InRange(status.DiskBytes, 2000, 3000);
            // Another start uses the stage, and what lies there of pieces.
            streamed.Dispose();
            using var again = Tokens(run, data with { Disk = 3000 });
            Assert.Equal(streamed.Hash, again.Hash);
            Same(whole, again);
            again.Clear();
            Assert.Equal(0, RunStatus.Read(run.Folder.Path).Streamed!.OnDisk);
        });
    }

    [Fact]
    public void Pieces_of_text_that_was_changed_go_with_the_others_and_nothing_else()
    {
        var data = new DataSection { Train = [Documents("a.jsonl", "river", 300)], HeldOut = 0.2, Sequence = Sequence, Disk = 3000 };
        Within(run =>
        {
            foreach (var words in (string[])["river", "mountain"])
            {
                Documents("a.jsonl", words, 300);
                using var streamed = Tokens(run, data);
                streamed.Train.Read(0, new long[10]);
            }
            string[] Pieces() => Directory.GetFiles(run.Folder.Path, "tokens.bin", SearchOption.AllDirectories)
                .Where(file => file.Contains("pieces", StringComparison.Ordinal)).ToArray();
            var folders = Pieces().Select(file => Path.GetDirectoryName(Path.GetDirectoryName(file))!).Distinct().ToArray();
            Assert.Equal(2, folders.Length);
            var mine = Path.Combine(folders[0], "mine.txt");
            File.WriteAllText(mine, "kept");
            // A link is nobody's piece, and what it leads to is not the run's.
            var elsewhere = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "elsewhere")).FullName, "tokens.bin");
            File.WriteAllText(elsewhere, "kept");
            Directory.CreateSymbolicLink(Path.Combine(folders[0], "999999"), Path.GetDirectoryName(elsewhere)!);
            RunLeftovers.DeletePieces(run.Folder.Path, run.Manifest);
            Assert.True(File.Exists(mine) && File.Exists(elsewhere));
            File.Delete(Path.Combine(folders[0], "999999"));
            Assert.Empty(Pieces());
            Assert.False(Directory.Exists(folders[1]));
        });
    }

    [Fact]
    public void Of_a_mixture_each_source_has_its_part_of_the_share()
    {
        var data = new DataSection
        {
            Sources =
            [
                new() { Path = Documents("a.jsonl", "river", 300), Weight = 1 },
                new() { Path = Documents("b.jsonl", "stone", 40), Weight = 3, Tokens = 500 },
            ],
            HeldOut = 0.2,
            Sequence = Sequence,
            Documents = DocumentContext.Separate,
        };
        Within(run =>
        {
            using var whole = Tokens(run, data);
            using var streamed = Tokens(run, data with { Disk = 8000 });
            Assert.Equal([1, 1], [streamed.Streams.Count, streamed.Owned.OfType<StreamedTokens>().Count()]);
            Same(whole, streamed);
            // The small source fits into its part, and its windows stand where they stood.
            var first = streamed.Streams[0].Count / (Sequence + 1);
            Assert.Equal(Order(whole).Select(window => window < first ? -1 : window),
                Order(streamed).Select(window => window < first ? -1 : window));
        });
    }

    [Theory]
    [InlineData("train: a.txt, disk: 2000", "data.disk: 2000 is not a size such as 500MB or 20GB")]
    [InlineData("train: a.txt, disk: \"\"", "data.disk is ''; give a value, or leave the key out")]
    [InlineData("train: a.txt, disk: 0GB", "is not a size such as")]
    [InlineData("train: a.i32, disk: 1GB", "data.train is token ids, which are read where they are; leave it out")]
    public void A_share_that_cannot_be_is_refused_where_it_stands(string data, string message)
    {
        var error = Assert.Throws<EspalierException>(() =>
            RecipeFile.Parse($"teacher: t\ndata: {{ {data} }}\nprune: {{ hidden: 192 }}\n", "r.yaml"));
        Assert.Contains("r.yaml, line 2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    // 3 pieces of a window of 31 ids of 2 bytes.
    [Fact]
    public void A_plan_refuses_a_share_that_reading_the_text_would_refuse()
    {
        var data = new DataSection { Train = [Documents("a.jsonl", "river", 300)], HeldOut = 0.2, Sequence = 30, Disk = 185 };
        DataStage Of(DataSection section) => new(section, Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), 4096);
        Assert.Contains("has no room for 3 pieces of one window (3 × 31 ids of 2 bytes: 186 bytes)",
            Assert.Throws<EspalierException>(() => Of(data).Forecast()).Message, StringComparison.Ordinal);
        Assert.NotNull(Of(data with { Disk = 186 }).Forecast());
    }

    private static void Same(TokenSets whole, TokenSets streamed)
    {
        var (a, b) = (new WindowSet(whole.Train, Sequence, boundaries: whole.Boundaries),
            new WindowSet(streamed.Train, Sequence, boundaries: streamed.Boundaries));
        Assert.Equal(a.Count, b.Count);
        for (var window = 0L; window < a.Count; window++)
            Assert.Equal(Row(a, window), Row(b, window));

        static long[] Row(WindowSet windows, long window)
        {
            var (inputs, targets, places) = (new long[Sequence], new long[Sequence], new long[Sequence]);
            windows.Read(window, inputs, targets);
            windows.ReadPlaces(window, inputs, places);
            return [.. inputs, targets[^1], .. places];
        }
    }

    private static long[] Order(TokenSets tokens)
    {
        var windows = new WindowSet(tokens.Train, Sequence).Count;
        var order = tokens.Shuffled(windows, seed: 7);
        return [.. Enumerable.Range(0, (int)windows).Select(i => order.WindowAt(i))];
    }

    private static TokenSets Tokens(RunContext run, DataSection data)
    {
        var stage = new DataStage(data, Teacher, 4096);
        stage.Run(run);
        return stage.Tokens.Value;
    }

    private string Documents(string name, string word, int count)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, string.Join('\n', Enumerable.Range(0, count).Select(i =>
            $"{{\"text\": \"The {word} number {i} has {i * 7919 % 1009} of them, and {i * 31 % 97} more.\"}}")));
        return path;
    }

    private void Within(Action<RunContext> work)
    {
        using var run = RunContext.Open(Path.Combine(_folder, "run"), "test", 1, NullProgress.Instance, default);
        work(run);
    }
}
