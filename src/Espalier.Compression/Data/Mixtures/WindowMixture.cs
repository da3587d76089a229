using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Data.Mixtures;

/// <summary>
/// Windows of several sources, drawn by their weights: of each thousand windows a source has its share, in an order drawn anew for every
/// thousand; within a source all windows come once before any comes again. Of a source in pieces these come in their order.
/// </summary>
internal sealed class WindowMixture
{
    private const int Period = 1000;

    private readonly long[] _windows, _first, _pieceWindows;
    private readonly int[] _slots, _firstSlot;

    /// <param name="windows">Windows of each source, at least one.</param>
    /// <param name="weights">Their weights, above 0; only what they are to each other counts.</param>
    /// <param name="pieceWindows">Windows of a piece of each source, within which they are shuffled; null where each is one.</param>
    public WindowMixture(IReadOnlyList<long> windows, IReadOnlyList<double> weights, IReadOnlyList<long>? pieceWindows = null)
    {
        _pieceWindows = [.. pieceWindows ?? windows];
        _windows = [.. windows];
        _first = Sums(_windows);
        _slots = SlotsOf(weights);
        _firstSlot = [.. Sums([.. _slots.Select(static slots => (long)slots)]).Select(static sum => (int)sum)];
    }

    /// <summary>The share of the windows that each source has, in thousandths.</summary>
    public IReadOnlyList<int> Thousandths => _slots;

    /// <summary>The order of a seed: a pure function of the position.</summary>
    public SampleOrder Order(long seed) => new MixedOrder(this, seed) { Windows = _windows.Sum() };

    /// <summary>Thousandths by the largest remainders, at least one each.</summary>
    internal static int[] SlotsOf(IReadOnlyList<double> weights)
    {
        if (weights.Count > Period)
            throw new EspalierException($"a mixture has {weights.Count} sources; at most {Period} can have a share");
        var (sum, slots) = (weights.Sum(), new int[weights.Count]);
        var exact = weights.Select(weight => weight / sum * Period).ToArray();
        for (var i = 0; i < slots.Length; i++)
            slots[i] = Math.Max(1, (int)exact[i]);
        // What is missing goes where the remainder is largest; what is too much is taken where a share was raised least.
        while (slots.Sum() is var all && all != Period)
        {
            var by = Enumerable.Range(0, slots.Length).Where(i => all < Period || slots[i] > 1)
                .OrderByDescending(i => all < Period ? exact[i] - slots[i] : slots[i] - exact[i]).ThenBy(static i => i).First();
            slots[by] += all < Period ? 1 : -1;
        }

        return slots;
    }

    private static long[] Sums(long[] values)
    {
        var (sums, sum) = (new long[values.Length], 0L);
        for (var i = 0; i < values.Length; i++)
            (sums[i], sum) = (sum, sum + values[i]);
        return sums;
    }

    private sealed class MixedOrder(WindowMixture mixture, long seed) : SampleOrder
    {
        // Replaced whole, so that threads that ask for different thousands at worst draw one twice.
        private Thousand? _last;

        public override long WindowAt(long position)
        {
            var (number, place) = Math.DivRem(position, Period);
            if (Volatile.Read(ref _last) is not { } thousand || thousand.Number != number)
                Volatile.Write(ref _last, thousand = mixture.Draw(number, seed));
            var (source, rank) = thousand.Places[place];
            var (epoch, index) = Math.DivRem(number * mixture._slots[source] + rank, mixture._windows[source]);
            // Another key for each source, lest all of them be shuffled alike.
            var key = (ulong)seed ^ ((ulong)(source + 1) << 48);
            return mixture._first[source] + PieceShuffle.At(mixture._windows[source], mixture._pieceWindows[source], key, epoch, index);
        }
    }

    /// <summary>Which source stands at each place of a thousand, and how many of its windows stand before.</summary>
    private sealed record Thousand(long Number, (int Source, int Rank)[] Places);

    private Thousand Draw(long number, long seed)
    {
        var (order, places, ranks) = (new Permutation(Period, Permutation.Key((ulong)seed, (ulong)number)), new (int, int)[Period],
            new int[_slots.Length]);
        for (var place = 0; place < Period; place++)
        {
            var source = JoinedTokens.PartAt(_firstSlot, (int)order[place]);
            places[place] = (source, ranks[source]++);
        }

        return new(number, places);
    }
}
