using Espalier.Tests;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Files.Tests.Writing;

/// <summary>What a flush in the background finds wrong the system says once: it must reach whoever writes, and never be lost.</summary>
public sealed class EarlyFlushTests : IDisposable
{
    private const int Piece = 1000;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_longer_than_a_piece_is_flushed_while_it_is_written()
    {
        using var flushed = new CountdownEvent(3);
        using (var file = new EarlyFlushStream(_folder.Of("x"), _ => flushed.Signal(), Piece))
        {
            for (var part = 0; part < 3; part++)
            {
                file.Write(new byte[Piece]);
                // The next piece is flushed only after the one before.
                SpinWait.SpinUntil(() => flushed.CurrentCount == 2 - part);
                Thread.Sleep(1);
            }
            file.Flush(flushToDisk: true);
        }
        Assert.True(flushed.CurrentCount <= 1);
        Assert.Equal(3 * Piece, new FileInfo(_folder.Of("x")).Length);
    }

    [Fact]
    public void A_file_shorter_than_a_piece_is_flushed_at_its_end_alone()
    {
        using var file = new EarlyFlushStream(_folder.Of("x"), _ => throw new IOException("never"), Piece);
        file.Write(new byte[Piece - 1]);
        file.Flush(flushToDisk: true);
    }

    [Fact]
    public void An_error_of_the_background_is_thrown_by_the_last_flush()
    {
        using var file = new EarlyFlushStream(_folder.Of("x"), Fail, Piece);
        file.Write(new byte[Piece]);
        Assert.Equal("Input/output error", Assert.Throws<IOException>(() => file.Flush(flushToDisk: true)).Message);
    }

    [Fact]
    public void An_error_of_the_background_is_thrown_by_a_later_write()
    {
        using var file = new EarlyFlushStream(_folder.Of("x"), Fail, Piece);
        file.Write(new byte[Piece]);
        void GoOn()
        {
            for (var part = 0; part < 1000; part++)
            {
                file.Write(new byte[Piece]);
                Thread.Sleep(1);
            }
        }
        Assert.Throws<IOException>(GoOn);
    }

    [Fact]
    public void Disposing_after_an_error_of_the_background_throws_nothing()
    {
        var file = new EarlyFlushStream(_folder.Of("x"), Fail, Piece);
        file.Write(new byte[Piece]);
        file.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_file_whose_flush_failed_in_the_background_is_not_published(int which)
    {
        File.WriteAllText(_folder.Of("x"), "old");
        var number = -1;
        var layer = new DiskLayer(handle =>
        {
            if (Interlocked.Increment(ref number) == which)
                Fail(handle);
        }, Piece);
        var error = Assert.Throws<EspalierException>(() => layer.During(() => DurableOutput.WriteFile(_folder.Of("x"), 0, stream =>
        {
            for (var part = 0; part < 40; part++)
            {
                // An array of its own, past the buffer.
                stream.Write(new byte[100_000]);
                var before = part;
                SpinWait.SpinUntil(() => Volatile.Read(ref number) >= Math.Min(before, which), TimeSpan.FromSeconds(5));
            }
        })));
        Assert.StartsWith($"{_folder.Of("x")}: cannot be written: Input/output error", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(_folder.Of("x")));
        Assert.Equal(["x"], _folder.Files());
    }

    public void Dispose() => _folder.Dispose();

    private static void Fail(SafeFileHandle file) => throw new IOException("Input/output error");
}
