using System.Text;
using Espalier.Tests;

namespace Espalier.Files.Tests.Writing;

/// <summary>Lines of a journal survive whatever ends the process or the machine, in their order, and nobody else writes them.</summary>
public sealed class JournalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Place => _folder.Of("x.journal");

    [Fact]
    public void Lines_come_back_in_their_order()
    {
        Write("one", "", "drei – 三");
        Assert.Equal(["one", "", "drei – 三"], Lines());
        Write("four");
        Assert.Equal(["one", "", "drei – 三", "four"], Lines());
    }

    [Fact]
    public void A_line_that_was_cut_anywhere_goes_and_those_before_it_stay()
    {
        Write("first", "second");
        var whole = File.ReadAllBytes(Place);
        var first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(Place, whole[..length]);
            Assert.Equal(length < first ? [] : ["first"], Lines());
            Write("third");
            Assert.Equal(length < first ? ["third"] : ["first", "third"], Lines());
        }
    }

    [Fact]
    public void From_a_flipped_bit_on_lines_go()
    {
        Write("first", "second", "third");
        var whole = File.ReadAllBytes(Place);
        var first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var at = first; at < whole.Length; at++)
            for (var bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. whole];
                damaged[at] ^= (byte)(1 << bit);
                File.WriteAllBytes(Place, damaged);
                var lines = Lines();
                Assert.Equal(new[] { "first", "second" }.Take(lines.Length), lines);
                Assert.InRange(lines.Length, 1, 2);
            }
    }

    [Fact]
    public void The_zeros_of_a_power_loss_are_cut_off()
    {
        Write("first");
        File.WriteAllBytes(Place, [.. File.ReadAllBytes(Place), .. new byte[5000]]);
        Assert.Equal(["first"], Lines());
        File.WriteAllBytes(Place, new byte[100]);
        Assert.Empty(Lines());
    }

    [Fact]
    public void A_second_writer_is_refused_while_there_is_one()
    {
        using (Journal.Open(Place))
            Assert.Contains("another process is writing it", Assert.Throws<EspalierException>(() => Journal.Open(Place)).Message);
        using (Journal.Open(Place)) { }
    }

    [Fact]
    public void What_is_more_than_a_torn_line_is_not_thrown_away()
    {
        Write("first", "second");
        // A flipped bit in the first line: what follows is still there.
        var damaged = File.ReadAllBytes(Place);
        damaged[20] ^= 1;
        byte[] behindZeros = [.. new byte[70_000], .. "years of work\n"u8];
        foreach (var bytes in (byte[][])[damaged, behindZeros, [.. new byte[17], 1]])
        {
            File.WriteAllBytes(Place, bytes);
            Assert.Contains("move it away", Assert.Throws<EspalierException>(() => Journal.Open(Place)).Message);
            Assert.Equal(bytes, File.ReadAllBytes(Place));
        }
    }

    [Fact]
    public void A_large_file_without_a_line_break_is_not_read_into_memory()
    {
        using (var file = File.Create(Place))
        {
            file.Write("0123456789abcdef x"u8);
            // Room on no disk.
            file.SetLength(4L * Journal.LongestLine);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("move it away", Assert.Throws<EspalierException>(() => Journal.Open(Place)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4L * Journal.LongestLine);
        Assert.Equal(4L * Journal.LongestLine, new FileInfo(Place).Length);
    }

    [Fact]
    public void A_file_of_somebody_else_is_not_written_over()
    {
        foreach (var text in (string[])["notes\n", "{\"text\": 1}", "0123456789abcdefX", "short",
            "0123456789abcdef one\nfedcba9876543210 two\n"])
        {
            File.WriteAllText(Place, text);
            Assert.Contains("did not write", Assert.Throws<EspalierException>(() => Journal.Open(Place)).Message);
            Assert.Equal(text, File.ReadAllText(Place));
        }
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Lines_stay_in_their_order_whichever_act_fails(Fault fault)
    {
        var failed = true;
        for (var act = 0; failed; act++)
        {
            File.Delete(Place);
            var (given, flushed) = (new List<string>(), 0);
            var error = Record.Exception(() => new FaultyLayer(act, fault).During(() =>
            {
                using var journal = Journal.Open(Place);
                for (var line = 0; line < 6; line++)
                {
                    given.Add($"line {line}");
                    journal.Append(Encoding.UTF8.GetBytes(given[^1]));
                    if (line % 2 == 1)
                    {
                        journal.Sync();
                        flushed = line + 1;
                    }
                }
            }));
            failed = error is not null;
            if (fault is Fault.Error or Fault.Full && failed)
                Assert.Contains("x.journal", Assert.IsType<EspalierException>(error).Message);
            var lines = Lines();
            Assert.Equal(given.Take(lines.Length), lines);
            // The layer cuts a file in half of which anything was not flushed, what was flushed of it too.
            Assert.InRange(lines.Length, fault is Fault.PowerLossOfData or Fault.PowerLossOfNames ? 0 : flushed, 6);
            Assert.True(act < 100);
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Write(params string[] lines)
    {
        using var journal = Journal.Open(Place);
        foreach (var line in lines)
            journal.Append(Encoding.UTF8.GetBytes(line));
    }

    private string[] Lines()
    {
        using var journal = Journal.Open(Place);
        return [.. Enumerable.Range(0, journal.Count).Select(line => Encoding.UTF8.GetString(journal.Read(line)))];
    }
}
