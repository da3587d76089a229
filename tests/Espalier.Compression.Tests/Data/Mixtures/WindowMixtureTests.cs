using Espalier.Compression.Data.Mixtures;

namespace Espalier.Compression.Tests.Data.Mixtures;

public sealed class WindowMixtureTests
{
    [Fact]
    public void Every_thousand_windows_have_the_shares_of_the_weights()
    {
        var mixture = new WindowMixture([70, 4000, 500], [3, 1, 1]);
        Assert.Equal([600, 200, 200], mixture.Thousandths);
        var order = mixture.Order(seed: 7);
        for (var first = 0L; first < 5000; first += 1000)
            Assert.Equal([600, 200, 200], Counts(Enumerable.Range(0, 1000).Select(i => order.WindowAt(first + i))));

        int[] Counts(IEnumerable<long> windows)
        {
            var all = windows.ToArray();
            return [all.Count(w => w < 70), all.Count(w => w is >= 70 and < 4070), all.Count(w => w is >= 4070 and < 4570)];
        }
    }

    [Fact]
    public void A_source_comes_whole_before_any_window_of_it_comes_again()
    {
        var order = new WindowMixture([70, 400], [3, 1]).Order(seed: 7);
        var small = Enumerable.Range(0, 4000).Select(i => order.WindowAt(i)).Where(window => window < 70).ToArray();
        Assert.Equal(3000, small.Length);
        var epochs = small.Chunk(70).Where(epoch => epoch.Length == 70).ToArray();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 70).Select(i => (long)i), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
    }

    [Fact]
    public void The_order_is_a_function_of_seed_and_position()
    {
        var mixture = new WindowMixture([50, 60], [1, 2]);
        long[] Of(long seed) => [.. Enumerable.Range(0, 3000).Select(i => mixture.Order(seed).WindowAt(i))];
        Assert.Equal(Of(3), Of(3));
        Assert.NotEqual(Of(3), Of(4));
    }

    [Theory]
    [InlineData(new[] { 1.0, 1.0, 1.0 }, new[] { 334, 333, 333 })]
    [InlineData(new[] { 1e-9, 1.0 }, new[] { 1, 999 })]
    [InlineData(new[] { 1e-9, 1e-9, 1.0, 1.0 }, new[] { 1, 1, 499, 499 })]
    [InlineData(new[] { 5.0 }, new[] { 1000 })]
    public void Shares_are_rounded_by_the_largest_remainder_and_never_to_nothing(double[] weights, int[] thousandths) =>
        Assert.Equal(thousandths, new WindowMixture([.. weights.Select(_ => 10L)], weights).Thousandths);
}
