using Espalier.Compression.Data;

namespace Espalier.Compression.Tests.Data;

/// <summary>Promise R7: what a batch holds does not depend on how many read it, nor on where a run went on.</summary>
public sealed class PartitionTests
{
    private const int Sequence = 16, Batch = 13, Steps = 40;

    private static readonly BatchReader s_reader = Reader();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_batch_read_in_parts_by_any_number_of_readers_is_the_same_batch(int readers)
    {
        for (var step = 0; step < Steps; step++)
            Assert.Equal(Whole(step), Parts(step, readers));
    }

    [Fact]
    public void A_run_that_goes_on_with_another_number_of_readers_sees_what_it_would_have_seen()
    {
        var counts = new[] { 1, 4, 3, 2 };
        for (var step = 0; step < Steps; step++)
            Assert.Equal(Whole(step), Parts(step, counts[step / 10]));
    }

    private static BatchReader Reader()
    {
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 3000).Select(i => i * 7 % 128), "ids", 128), Sequence);
        return new(windows, SampleOrder.Shuffled(windows.Count, 5));
    }

    private static long[] Whole(long step)
    {
        var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
        s_reader.Read(step, Batch, inputs, targets);
        return [.. inputs, .. targets];
    }

    /// <summary>Reader r of n reads, in a thread and with objects of its own, the windows from r/n to (r + 1)/n of the batch.</summary>
    private static long[] Parts(long step, int readers)
    {
        var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
        Parallel.For(0, readers, new() { MaxDegreeOfParallelism = readers }, r =>
        {
            var (first, end) = (Batch * r / readers, Batch * (r + 1) / readers);
            var (from, length) = (first * Sequence, (end - first) * Sequence);
            Reader().ReadPositions(step * Batch + first, inputs.AsSpan(from, length), targets.AsSpan(from, length));
        });
        return [.. inputs, .. targets];
    }
}
