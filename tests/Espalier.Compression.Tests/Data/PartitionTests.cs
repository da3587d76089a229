using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data;

/// <summary>Promise R7: what a batch holds does not depend on how many read it, nor on where a run went on.</summary>
public sealed class PartitionTests
{
    private const int Sequence = 16, Batch = 13, Steps = 40;

    private static readonly PackedText s_reader = Reader();

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

    private static PackedText Reader()
    {
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 3000).Select(i => i * 7 % 128), "ids", 128), Sequence);
        return new(windows, SampleOrder.Shuffled(windows.Count, 5));
    }

    private static long[] Whole(long step)
    {
        var batch = s_reader.Allocate(Batch);
        s_reader.Fill(batch, step * Batch);
        return [.. batch.Inputs, .. batch.Targets];
    }

    /// <summary>Reader r of n reads, in a thread and with objects of its own, the windows from r/n to (r + 1)/n of the batch.</summary>
    private static long[] Parts(long step, int readers)
    {
        var (inputs, targets) = (new long[Batch * Sequence], new long[Batch * Sequence]);
        Parallel.For(0, readers, new() { MaxDegreeOfParallelism = readers }, r =>
        {
            var (first, end) = (Batch * r / readers, Batch * (r + 1) / readers);
            var reader = Reader();
            var part = reader.Allocate(end - first);
            reader.Fill(part, step * Batch + first);
            part.Inputs.CopyTo(inputs, first * Sequence);
            part.Targets.CopyTo(targets, first * Sequence);
        });
        return [.. inputs, .. targets];
    }
}
