using Espalier.Compression.Data.Pieces;

namespace Espalier.Compression.Tests.Data.Pieces;

/// <summary>What is left of pieces after an end of any kind, and a source that is not what it was.</summary>
public sealed class PieceSurvivalTests
{
    [Fact]
    public void Pieces_that_an_earlier_start_left_are_used_and_damaged_ones_made_again()
    {
        using var fixture = StreamedTokensTests.Dropping();
        using (var streamed = fixture.Open())
        {
            fixture.SameWindow(streamed, 0);
            fixture.SameWindow(streamed, streamed.Index.PieceWindows);
            fixture.SameWindow(streamed, 2 * streamed.Index.PieceWindows);
        }
        var left = fixture.OnDisk.Order(StringComparer.Ordinal).ToArray();
        Assert.InRange(left.Length, 2, 3);
        // One bit of one, another is cut, and a third was never finished.
        var bytes = File.ReadAllBytes(left[0]);
        bytes[99] ^= 4;
        File.WriteAllBytes(left[0], bytes);
        File.WriteAllBytes(left[1], bytes[..^2]);
        var half = Directory.CreateDirectory(Path.Combine(fixture.Pieces, "000005")).FullName;
        File.WriteAllText(Path.Combine(half, "tokens.bin"), "half");
        using var again = fixture.Open();
        Assert.DoesNotContain(left[0], fixture.OnDisk);
        Assert.DoesNotContain(left[1], fixture.OnDisk);
        for (var window = 0L; window < again.Count / StreamFixture.Window; window += 5)
            fixture.SameWindow(again, window);
    }

    [Fact]
    public void A_good_piece_is_not_made_again()
    {
        using var fixture = StreamedTokensTests.Dropping();
        using (var streamed = fixture.Open())
            fixture.SameWindow(streamed, 0);
        // Of an empty source nothing can be made; what lies there can be read.
        foreach (var name in (string[])["a.jsonl", "b.jsonl"])
            File.WriteAllText(fixture.Data.At(name), "");
        var first = Path.Combine(fixture.Pieces, "000000", "tokens.bin");
        var made = File.GetLastWriteTimeUtc(first);
        using var again = fixture.Open(new(canceled: true));
        fixture.SameWindow(again, 1);
        Assert.Equal(made, File.GetLastWriteTimeUtc(first));
    }

    [Fact]
    public void Nothing_but_the_files_of_pieces_is_deleted()
    {
        using var fixture = StreamedTokensTests.Dropping();
        using var streamed = fixture.Open();
        fixture.SameWindow(streamed, 0);
        var mine = Path.Combine(fixture.Pieces, "000000", "notes.txt");
        File.WriteAllText(mine, "mine");
        File.WriteAllText(Path.Combine(fixture.Pieces, "other.txt"), "mine");
        for (var piece = 1; piece < 6; piece++)
            fixture.SameWindow(streamed, piece * streamed.Index.PieceWindows);
        streamed.Clear();
        Assert.Equal([mine, Path.Combine(fixture.Pieces, "other.txt")],
            Directory.GetFiles(fixture.Pieces, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("changed", "changed while the run was reading it: piece ")]
    [InlineData("cut", "changed while the run was reading it: piece ")]
    [InlineData("gone", "cannot be read")]
    public void A_source_that_is_not_what_it_was_ends_the_run_by_name(string what, string says)
    {
        using var fixture = StreamedTokensTests.Dropping();
        using var streamed = fixture.Open();
        fixture.SameWindow(streamed, 0);
        streamed.Clear();
        var path = fixture.Data.At("b.jsonl");
        var text = File.ReadAllText(path);
        if (what == "gone")
            File.Delete(path);
        else
            File.WriteAllText(path, what == "cut" ? text[..(text.Length / 2)]
                : text.Replace("Document 1500 says", "Document 1500 said", StringComparison.Ordinal));
        var error = Assert.Throws<EspalierException>(() =>
        {
            for (var window = 0L; window < streamed.Count / StreamFixture.Window; window++)
                fixture.SameWindow(streamed, window);
        });
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains("b.jsonl", error.Message, StringComparison.Ordinal);
        Assert.Contains("run the same command again", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, error.ExitCode);
        // Put right, it goes on.
        File.WriteAllText(path, text);
        fixture.SameWindow(streamed, streamed.Count / StreamFixture.Window - 1);
    }

    [Fact]
    public void Who_waits_for_a_piece_can_be_stopped()
    {
        using var fixture = StreamedTokensTests.Dropping();
        using var stop = new CancellationTokenSource();
        using var streamed = fixture.Open(stop.Token);
        fixture.SameWindow(streamed, 0);
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => fixture.SameWindow(streamed, 5 * streamed.Index.PieceWindows));
        Assert.DoesNotContain(Directory.GetFiles(fixture.Pieces, "*", SearchOption.AllDirectories),
            file => file.Contains(".tmp", StringComparison.Ordinal));
    }
}
