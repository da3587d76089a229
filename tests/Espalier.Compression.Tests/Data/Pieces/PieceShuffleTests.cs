using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Mixtures;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Synthesis;

namespace Espalier.Compression.Tests.Data.Pieces;

/// <summary>The order of windows in pieces, and what a stream of unknown length remembers of earlier texts.</summary>
public sealed class PieceShuffleTests
{
    [Fact]
    public void Of_one_piece_the_order_is_that_of_a_store()
    {
        var (one, whole) = (SampleOrder.ShuffledWithin(1000, 1000, 5), SampleOrder.Shuffled(1000, 5));
        Assert.Equal(Enumerable.Range(0, 3000).Select(i => whole.WindowAt(i)), Enumerable.Range(0, 3000).Select(i => one.WindowAt(i)));
    }

    [Fact]
    public void Each_window_comes_once_an_epoch_and_pieces_come_in_their_order()
    {
        var order = SampleOrder.ShuffledWithin(1000, 300, 5);
        var epochs = Enumerable.Range(0, 2).Select(epoch =>
            Enumerable.Range(0, 1000).Select(i => order.WindowAt(1000 * epoch + i)).ToArray()).ToArray();
        foreach (var epoch in epochs)
        {
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), epoch.Order());
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => i / 300L), epoch.Select(window => window / 300));
        }
        Assert.NotEqual(epochs[0][..300], epochs[1][..300]);
        // Pieces are not shuffled alike.
        Assert.NotEqual(epochs[0][..300], epochs[0][300..600].Select(window => window - 300));
    }

    [Fact]
    public void A_mixture_of_whole_sources_and_of_pieces_takes_the_same_shares()
    {
        long[] windows = [700, 400];
        var (whole, pieces) = (new WindowMixture(windows, [3, 1]).Order(2), new WindowMixture(windows, [3, 1], [700, 50]).Order(2));
        var (a, b) = (Enumerable.Range(0, 2000).Select(i => whole.WindowAt(i)).ToArray(),
            Enumerable.Range(0, 2000).Select(i => pieces.WindowAt(i)).ToArray());
        // The first source lies there as a whole, and its windows come as before.
        Assert.Equal(a.Select(window => window < 700 ? window : -1), b.Select(window => window < 700 ? window : -1));
        var ofSecond = b.Where(window => window >= 700).Select(window => window - 700).ToArray();
        Assert.Equal(Enumerable.Range(0, ofSecond.Length).Select(i => i % 400 / 50L), ofSecond.Select(window => window / 50));
    }

    [Fact]
    public void Bounded_memory_forgets_the_oldest_text_first()
    {
        var seen = new SeenTexts(3);
        Assert.True(seen.Add(1) && seen.Add(2) && seen.Add(3));
        Assert.False(seen.Add(1));
        Assert.True(seen.Add(4));
        Assert.False(seen.Add(2) || seen.Add(3));
        Assert.True(seen.Add(1));
    }

    [Fact]
    public void Near_duplicates_of_what_is_remembered_are_found_and_others_are_new()
    {
        static string Text(int i) => string.Join(' ', Enumerable.Range(0, 40).Select(word => $"w{i}x{word}"));
        // A text of 40 words has 36 rows of five; with its bands some 60 numbers.
        var (bounded, all) = (new NearDuplicates(0.8, 1000), new NearDuplicates(0.8));
        for (var i = 0; i < 100; i++)
            Assert.True(bounded.Add(Text(i)) && all.Add(Text(i)));
        Assert.False(bounded.Add(Text(99) + " more"));
        Assert.False(bounded.Add(Text(95)));
        Assert.True(bounded.Add(Text(0)));
        Assert.False(all.Add(Text(0)));
    }
}
