using System.Buffers;
using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>
/// Byte-pair merging of long words, with the symbols that <see cref="MergeLoop.Plain"/> gives. A merge that can make no pair of lower
/// rank is done at once wherever it applies, from left to right; its positions wait in one list a rank. The others wait in a heap and are
/// done one by one. A symbol costs a few look-ups (and a heap operation for merges of the second kind), however long the word. Not safe
/// for several threads.
/// </summary>
internal sealed class LongWords(MergeTable table)
{
    private readonly bool[] _steady = table.Steady;
    private readonly WaitingPairs _pairs = new(table);

    /// <summary>Look-ups and moves so far, which tests count.</summary>
    public long Operations { get; private set; }

    /// <summary>Merges in place and returns how many symbols are left at the front of <paramref name="symbols"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Merge(Span<int> symbols)
    {
        var n = Sweep(symbols);
        symbols = symbols[..n];
        var rented = ArrayPool<int>.Shared.Rent(5 * n);
        var lists = _pairs.Begin(rented.AsSpan(0, 3 * n));
        // How many places a symbol takes; it stands at its first and at its last place.
        var widths = rented.AsSpan(3 * n, n);
        widths.Fill(1);
        var taken = rented.AsSpan(4 * n, n);
        for (var at = 0; at + 1 < n; at++)
            lists.Put(at, table.Rank(symbols[at], symbols[at + 1]));
        lists.Ranks[n - 1] = MergeTable.NoRank;
        Operations += n;

        while (lists.Take(taken, out var rank) is > 0 and var count)
        {
            var result = table.ResultOf(rank);
            Operations += count;
            foreach (var at in taken[..count])
            {
                // Its left or its right symbol may have merged since it was put there.
                if (lists.Ranks[at] != rank)
                    continue;
                Operations++;
                var right = at + widths[at];
                lists.Remove(right, rank);
                symbols[at] = result;
                var width = widths[at] + widths[right];
                widths[at] = widths[at + width - 1] = width;
                lists.Put(at, at + width < n ? table.Rank(result, symbols[at + width]) : MergeTable.NoRank);
                if (at > 0)
                {
                    var left = at - widths[at - 1];
                    lists.Remove(left, rank);
                    lists.Put(left, table.Rank(symbols[left], result));
                }
            }
        }

        var kept = 0;
        for (var at = 0; at < n; at += widths[at])
            symbols[kept++] = symbols[at];
        ArrayPool<int>.Shared.Return(rented);
        return kept;
    }

    /// <summary>
    /// As long as the pair of lowest rank is frequent, as in runs of one character: merges it everywhere in one pass, without any list.
    /// Returns how many symbols are left.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Sweep(Span<int> symbols)
    {
        const int frequent = 8;
        while (symbols.Length > 1)
        {
            var (best, left, right, count) = (MergeTable.NoMerge, 0, 0, 0);
            var (lastLeft, lastRight, last) = (-1, -1, MergeTable.NoMerge);
            for (var i = 0; i + 1 < symbols.Length; i++)
            {
                if (symbols[i] != lastLeft || symbols[i + 1] != lastRight)
                    (lastLeft, lastRight, last) = (symbols[i], symbols[i + 1], table.Find(symbols[i], symbols[i + 1]));
                if (last < best)
                    (best, left, right, count) = (last, lastLeft, lastRight, 0);
                if (last == best)
                    count++;
            }
            Operations += symbols.Length;
            if (best == MergeTable.NoMerge || count < symbols.Length / frequent)
                break;
            var (kept, whole) = MergeEverywhere(symbols, left, right, best);
            Operations += symbols.Length;
            symbols = symbols[..kept];
            if (!whole)
                break;
        }
        return symbols.Length;
    }

    /// <summary>
    /// Merges one pair, that of lowest rank, from left to right; not whole where it had to stop before a merge that makes a pair of lower
    /// rank.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (int Kept, bool Whole) MergeEverywhere(Span<int> symbols, int left, int right, ulong merge)
    {
        var (kept, result, steady) = (0, (int)merge, _steady[(int)(merge >> 32)]);
        // Neighbours of which it is known that they make no such pair: those of the last merge.
        var (knownBefore, knownBehind) = (-1, -1);
        for (var i = 0; i < symbols.Length; i++)
        {
            if (symbols[i] != left || i + 1 == symbols.Length || symbols[i + 1] != right)
            {
                symbols[kept++] = symbols[i];
                continue;
            }
            if (!steady)
            {
                var (before, behind) = (kept > 0 ? symbols[kept - 1] : -1, i + 2 < symbols.Length ? symbols[i + 2] : -1);
                if ((before != knownBefore && table.Find(before, result) < merge)
                    || (behind != knownBehind && table.Find(result, behind) < merge))
                {
                    symbols[i..].CopyTo(symbols[kept..]);
                    return (kept + symbols.Length - i, false);
                }
                (knownBefore, knownBehind) = (before, behind);
            }
            (symbols[kept++], i) = (result, i + 1);
        }
        return (kept, true);
    }
}
