using Espalier.Compression.Data.Batches;
using FsCheck;
using FsCheck.Fluent;

namespace Espalier.Compression.Tests.Data.Batches;

public sealed class SampleOrderTests : IDisposable
{
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Every_epoch_visits_every_window_once() => Prop.ForAll(
        Gen.Choose(1, 700).ToArbitrary(), Gen.Choose(int.MinValue, int.MaxValue).ToArbitrary(), Gen.Choose(0, 1000).ToArbitrary(),
        (windows, seed, epoch) =>
        {
            var order = SampleOrder.Shuffled(windows, seed);
            return Enumerable.Range(0, windows).Select(i => order.WindowAt((long)epoch * windows + i)).Order()
                .SequenceEqual(Enumerable.Range(0, windows).Select(i => (long)i));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Powers_of_two_and_their_neighbours_are_permuted()
    {
        foreach (var windows in (int[])[1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097])
        {
            var order = SampleOrder.Shuffled(windows, 1);
            Assert.Equal(windows, Enumerable.Range(0, windows).Select(i => order.WindowAt(i)).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(50)]
    public void Each_window_stands_equally_often_at_each_position(int windows)
    {
        const int epochs = 4000;
        var order = SampleOrder.Shuffled(windows, 42);
        var chiSquare = 0.0;
        var counts = new int[windows, windows];
        for (var epoch = 0; epoch < epochs; epoch++)
            for (var i = 0; i < windows; i++)
                counts[i, order.WindowAt((long)epoch * windows + i)]++;
        var expected = (double)epochs / windows;
        foreach (var count in counts)
            chiSquare += (count - expected) * (count - expected) / expected;
        // (n - 1)^2 degrees of freedom (rows and columns are fixed sums); mean = freedom, variance = 2 freedom.
        var freedom = (windows - 1.0) * (windows - 1.0);
        Assert.InRange(chiSquare, 0, freedom + 5 * Math.Sqrt(2 * freedom) + 5);
    }

    [Fact]
    public void Neighbours_are_no_more_often_neighbours_than_by_chance()
    {
        const int windows = 1000, epochs = 20;
        var order = SampleOrder.Shuffled(windows, 3);
        var successors = Enumerable.Range(0, epochs).Sum(epoch => Enumerable.Range(0, windows - 1)
            .Count(i => order.WindowAt((long)epoch * windows + i) + 1 == order.WindowAt((long)epoch * windows + i + 1)));
        Assert.InRange(successors, 0, epochs + 6 * (int)Math.Sqrt(epochs)); // about Poisson, one an epoch
    }

    [Fact]
    public void Epochs_seeds_and_orders_differ_and_repeat()
    {
        long[] Epoch(long seed, long epoch) =>
            [.. Enumerable.Range(0, 100).Select(i => SampleOrder.Shuffled(100, seed).WindowAt(epoch * 100 + i))];
        Assert.Equal(Epoch(1, 0), Epoch(1, 0));
        Assert.NotEqual(Epoch(1, 0), Epoch(1, 1));
        Assert.NotEqual(Epoch(1, 0), Epoch(2, 0));
        Assert.NotEqual(Epoch(1, 1), Epoch(2, 0));
    }

    [Fact]
    public void Order_is_the_same_in_every_version_of_the_program() =>
        Assert.Equal(Pinned, string.Join(',', Enumerable.Range(0, 24).Select(i => SampleOrder.Shuffled(12, 7).WindowAt(i))));

    // Made by a second program from the description of Permutation.
    private const string Pinned = "11,6,9,7,5,10,0,3,1,4,8,2,7,6,2,4,10,11,9,3,8,5,0,1";

    [Fact]
    public void Far_positions_are_found_at_once()
    {
        var order = SampleOrder.Shuffled(3_000_000_000_000, 5);
        Assert.InRange(order.WindowAt(8_999_999_999_999), 0, 2_999_999_999_999);
    }

    [Fact]
    public void Written_order_reads_back_and_ends_with_an_error_that_says_so()
    {
        var order = SampleOrder.Shuffled(50, 9);
        _data.Write("o.i32", [.. Enumerable.Range(0, 120).SelectMany(i => BitConverter.GetBytes((int)order.WindowAt(i)))]);
        var read = SampleOrder.FromFile(_data.At("o.i32"), 50);
        Assert.All(Enumerable.Range(0, 120), i => Assert.Equal(order.WindowAt(i), read.WindowAt(i)));
        Assert.Contains("has 120 window numbers, but position 120", Assert.Throws<EspalierException>(() => read.WindowAt(120)).Message,
            StringComparison.Ordinal);
        Assert.Contains("there are only 10", Assert.Throws<EspalierException>(() => SampleOrder.FromFile(_data.At("o.i32"), 10)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Negative_window_in_a_file_is_refused() =>
        Assert.Throws<EspalierException>(() => SampleOrder.FromFile(_data.Write("o.i32", [255, 255, 255, 255]), 10));
}
