using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data.Batches;

public sealed class WindowTests
{
    [Fact]
    public void Disjoint_windows_share_no_id_and_drop_the_tail()
    {
        var windows = new WindowSet(Ids(14), 4);
        Assert.Equal(2, windows.Count);
        Assert.Equal("5,6,7,8 6,7,8,9", Read(windows, 1));
    }

    [Fact]
    public void Contiguous_windows_share_one_id_so_that_every_target_counts_once()
    {
        var windows = new WindowSet(Ids(14), 4, WindowStride.Contiguous);
        Assert.Equal(3, windows.Count);
        Assert.Equal("8,9,10,11 9,10,11,12", Read(windows, 2));
        Assert.Equal(3, new WindowSet(Ids(13), 4, WindowStride.Contiguous).Count);
        Assert.Equal(2, new WindowSet(Ids(12), 4, WindowStride.Contiguous).Count);
    }

    [Theory]
    [InlineData(WindowStride.Disjoint)]
    [InlineData(WindowStride.Contiguous)]
    public void Fewer_tokens_than_one_window_are_refused_with_both_numbers(WindowStride stride)
    {
        Assert.Equal(1, new WindowSet(Ids(5), 4, stride).Count);
        var error = Assert.Throws<EspalierException>(() => new WindowSet(Ids(4), 4, stride));
        Assert.Contains("4 tokens are fewer than one window of 5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_holds_the_windows_of_its_positions_and_wraps_at_the_epoch()
    {
        var windows = new WindowSet(Ids(15), 4);
        var reader = new PackedText(windows, SampleOrder.Sequential(windows.Count));
        var batch = reader.Allocate(2);
        reader.Fill(batch, 2);
        Assert.Equal([2, 0], batch.Windows);
        Assert.Equal([10, 11, 12, 13, 0, 1, 2, 3], batch.Inputs);
        Assert.Equal([11, 12, 13, 14, 1, 2, 3, 4], batch.Targets);
    }

    [Fact]
    public void Any_cut_of_a_batch_into_parts_reads_the_same()
    {
        var windows = new WindowSet(Ids(5000), 7);
        var reader = new PackedText(windows, SampleOrder.Shuffled(windows.Count, 11));
        var whole = reader.Allocate(12);
        reader.Fill(whole, 90 * 12);
        var parts = new long[12 * 7];
        foreach (var workers in (int[])[1, 2, 3, 4])
        {
            var size = 12 / workers;
            for (var rank = workers - 1; rank >= 0; rank--)
            {
                var part = reader.Allocate(size);
                reader.Fill(part, 90 * 12 + rank * size);
                part.Inputs.CopyTo(parts, rank * size * 7);
            }
            Assert.Equal(whole.Inputs, parts);
        }
    }

    private static TokenIds Ids(int count) => TokenIds.FromList(Enumerable.Range(0, count), "test", null);

    private static string Read(WindowSet windows, long window)
    {
        long[] inputs = new long[windows.SequenceLength], targets = new long[windows.SequenceLength];
        windows.Read(window, inputs, targets);
        return $"{string.Join(',', inputs)} {string.Join(',', targets)}";
    }
}
