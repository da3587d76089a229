using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data.Pieces;

/// <summary>Ids of which only pieces lie on the disk are those of one store, wherever and however often they are read.</summary>
public sealed class StreamedTokensTests
{
    // 2,000 documents of some 55 bytes are 220 kB of two-byte ids: some 20 pieces of 10 kB.
    private const long Disk = 30_000;

    [Fact]
    public void Pieces_hold_the_windows_of_one_store_whatever_was_dropped()
    {
        using var fixture = Dropping();
        Assert.Equal(fixture.Whole.Train, fixture.Streamed.Train);
        Assert.Equal(fixture.Whole.HeldOut, fixture.Streamed.HeldOut);
        Assert.Equal(fixture.Whole.Skips, fixture.Streamed.Skips);
        Assert.Equal(["duplicate-document", "other-language", "repetitive"], fixture.Streamed.Skips.Keys.Order());
        Assert.False(File.Exists(fixture.Data.At("streamed", Corpus.TrainFolder, "tokens.bin")));
        using var streamed = fixture.Open();
        Assert.InRange(streamed.Index.Pieces.Count, 10, 40);
        Assert.Equal(fixture.Store.Count / StreamFixture.Window * StreamFixture.Window, streamed.Count);
        for (var window = 0L; window < streamed.Count / StreamFixture.Window; window++)
        {
            fixture.SameWindow(streamed, window);
            Assert.InRange(fixture.OnDisk.Sum(file => new FileInfo(file).Length), 1, Disk);
        }
        Assert.InRange(fixture.OnDisk.Length, 2, 3);
    }

    [Fact]
    public void Any_order_of_reading_gives_the_same_ids()
    {
        using var fixture = Dropping();
        using var streamed = fixture.Open();
        var (windows, random) = (streamed.Count / StreamFixture.Window, new Random(3));
        for (var i = 0; i < 40; i++)
            fixture.SameWindow(streamed, random.NextInt64(windows));
        Assert.InRange(fixture.OnDisk.Length, 1, 3);
        // Over the border of a piece, and to the last id.
        var (expected, read) = (new int[200], new int[200]);
        foreach (var position in (long[])[streamed.Index.PieceTokens - 100, streamed.Count - 200])
        {
            fixture.Store.Read(position, expected);
            streamed.Read(position, read);
            Assert.Equal(expected, read);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => streamed.Read(streamed.Count - 199, read));
    }

    [Fact]
    public async Task Threads_read_on_both_sides_of_a_border()
    {
        using var fixture = Dropping();
        using var streamed = fixture.Open();
        var border = streamed.Index.PieceWindows;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var window = 2 * border - 20 + thread % 2; window < 2 * border + 20; window++)
                fixture.SameWindow(streamed, window);
        })));
    }

    [Fact]
    public void Documents_begin_where_they_begin_in_the_store()
    {
        using var fixture = Dropping();
        using var streamed = fixture.Open();
        var whole = new WindowSet(fixture.Store, StreamFixture.Window - 1, boundaries: DocumentBoundaries.Of(fixture.Store, []));
        var pieces = new WindowSet(streamed, StreamFixture.Window - 1, boundaries: DocumentBoundaries.Of(streamed, []));
        Assert.Equal(whole.Count, pieces.Count);
        var (inputs, targets) = (new long[StreamFixture.Window - 1], new long[StreamFixture.Window - 1]);
        var (expected, places) = (new long[inputs.Length], new long[inputs.Length]);
        for (var window = 0L; window < whole.Count; window += 3)
        {
            whole.Read(window, inputs, targets);
            whole.ReadPlaces(window, inputs, expected);
            pieces.ReadPlaces(window, inputs, places);
            Assert.Equal(expected, places);
        }
    }

    [Fact]
    public void A_source_of_several_kinds_goes_on_in_the_midst_of_each()
    {
        using var fixture = new StreamFixture(Disk, options => options, data =>
        [
            data.Write("a.xml", Documentation(0, 300)), data.Write("b.jsonl.gz", DataFixture.Gzip(StreamFixture.Lines(0, 300))),
            // Half of its paragraphs are those of the first.
            data.Write("c.xml", Documentation(150, 300)), data.Write("d.jsonl", StreamFixture.Lines(300, 500)),
        ]);
        Assert.Contains("duplicate-prose", fixture.Streamed.Skips.Keys);
        for (var piece = 0; piece < PieceIndex.Read(fixture.Data.At("streamed", Corpus.TrainFolder)).Pieces.Count; piece++)
        {
            using var streamed = fixture.Open();
            fixture.SameWindow(streamed, piece * streamed.Index.PieceWindows);
            streamed.Clear();
        }
        Assert.False(Directory.Exists(fixture.Pieces));
    }

    [Fact]
    public void What_fits_into_the_share_is_one_store_byte_for_byte()
    {
        using var fixture = new StreamFixture(1 << 20, options => options, data => [data.Write("a.jsonl", StreamFixture.Lines(0, 500))]);
        Assert.False(PieceIndex.IsIn(fixture.Data.At("streamed", Corpus.TrainFolder)));
        string[] whole = Directory.GetFiles(fixture.Data.At("whole"), "*", SearchOption.AllDirectories);
        Assert.Equal(7, whole.Length);
        Assert.All(whole, file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(
            fixture.Data.At("streamed"), Path.GetRelativePath(fixture.Data.At("whole"), file)))));
    }

    [Fact]
    public void A_share_without_room_for_three_windows_is_refused_with_the_numbers()
    {
        using var data = new DataFixture();
        var error = Assert.Throws<EspalierException>(() => Corpus.Build(
            new() { Sources = [data.Write("a.txt", "text")], Disk = 197, Window = 33 }, DataFixture.Bytes, data.At("out")));
        Assert.Contains("198 bytes", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(data.Folder));
    }

    /// <summary>With repeated documents, and some that a filter or their repetition drops.</summary>
    internal static StreamFixture Dropping(long disk = Disk) => new(disk, options => options with
    {
        MaxRepetition = 0.5,
        Filters = [new(SkipReason.OtherLanguage, text => text.Contains(" 7", StringComparison.Ordinal))],
    }, data =>
    [
        data.Write("a.jsonl", StreamFixture.Lines(0, 900) + StreamFixture.Lines(0, 50)),
        data.Write("b.jsonl",
            "{\"text\":\"" + string.Concat(Enumerable.Repeat("again and ", 30)) + "\"}\n" + StreamFixture.Lines(800, 1200)),
    ]);

    private static string Documentation(int first, int count) => "<doc><members>" + string.Concat(Enumerable.Range(first, count)
        .Select(i => $"<member name=\"M:A.B{i}\"><summary>Returns the value number {i} of {i * 31 % 97}.</summary></member>"))
        + "</members></doc>";
}
