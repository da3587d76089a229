using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Attention;

/// <summary>
/// The forward pass of attention, in blocks of queries and keys with a running softmax (arXiv 2205.14135); keys that no query of a group of
/// rows sees are never multiplied. A task is one block of queries of one key head: its order of sums is its own, so that the number of
/// threads does not show.
/// </summary>
internal static unsafe class AttentionForward
{
    /// <summary>Queries of a task: they share the packed keys.</summary>
    public const long Queries = 256;

    // Keys of a block, which for one head stay in the second-level cache, and rows that are multiplied at once.
    private const long Keys = 512, Rows = 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (AttentionProblem*)context;
        var (blocks, width) = ((p->T + Queries - 1) / Queries, Tile.Up<TV>(p->H));
        var own = new Own { Keys = Scratch.Of(Keys * p->H + Keys * width + Rows * Keys + Rows * width + 2 * p->Group * Queries) };
        own.Values = own.Keys + Keys * p->H;
        own.Scores = own.Values + Keys * width;
        own.Outputs = own.Scores + Rows * Keys;
        own.Tops = own.Outputs + Rows * width;
        own.Sums = own.Tops + p->Group * Queries;
        for (var i = first; i < last; i++)
        {
            var begin = i % blocks * Queries;
            Block<TV>(p, i / blocks / p->K, i / blocks % p->K, begin, Math.Min(p->T, begin + Queries), own);
        }
    }

    private static void Block<TV>(AttentionProblem* p, long b, long head, long begin, long end, in Own own)
        where TV : unmanaged, IFloats<TV>
    {
        for (var from = p->Lowest(b, begin, end) / Keys * Keys; from < p->Past + end; from += Keys)
        {
            var to = Math.Min(p->Past + end, from + Keys);
            Panels.OfColumns<TV>(p->Key(b, from, head), p->KeyStep, to - from, p->H, own.Keys);
            Panels.OfRows<TV>(p->Value(b, from, head), p->ValueStep, to - from, p->H, Keys, own.Values);
            for (var g = 0L; g < p->Group; g++)
                for (long t = begin, rows; t < end; t += rows)
                {
                    rows = p->Alike(b, t, Math.Min(Rows, end - t));
                    Pieces<TV>(p, b, head * p->Group + g, t, rows, from, to, own, g * Queries + t - begin);
                }
        }
    }

    // The packed keys but for what is hidden of them.
    private static void Pieces<TV>(AttentionProblem* p, long b, long n, long t, long rows, long from, long to, in Own own, long at)
        where TV : unmanaged, IFloats<TV>
    {
        if (p->Holes == null)
        {
            Attend<TV>(p, b, n, t, rows, from, from, to, own, at);
            return;
        }
        var holes = p->HolesOf(b, t);
        Attend<TV>(p, b, n, t, rows, from, from, Math.Min(to, holes[0]), own, at);
        Attend<TV>(p, b, n, t, rows, from, Math.Max(from, holes[1]), Math.Min(to, holes[2]), own, at);
        Attend<TV>(p, b, n, t, rows, from, Math.Max(from, holes[3]), to, own, at);
    }

    // Some rows of one head against the keys [first, to) of those packed from `from` on: softmax and sum of values go on from where the
    // keys before left them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Attend<TV>(AttentionProblem* p, long b, long n, long t, long rows, long from, long first, long to, in Own own,
        long at)
        where TV : unmanaged, IFloats<TV>
    {
        var (wide, width, H) = (Tile.Wide<TV>(), Tile.Up<TV>(p->H), p->H);
        // The panels that some row sees.
        long begin = Math.Max(first, p->Low(b, t)), end = Math.Min(to, p->Past + t + rows);
        if (begin >= end)
            return;
        long low = (begin - from) / wide * wide, count = Tile.Up<TV>(end - from) - low;
        Tile.Multiply<TV>(p->Query(b, t, n), p->QueryStep, 1, own.Keys + low * H, H * wide, own.Scores, Keys, rows, count, H, add: false);

        float* kept = stackalloc float[(int)Rows], shares = stackalloc float[(int)Rows], tops = stackalloc float[(int)Rows];
        float* lanes = stackalloc float[(int)Rows * TV.Lanes], sums = stackalloc float[(int)Rows];
        // Every row's largest score before any exponential: rows wait for one another less than each for its own.
        for (var r = 0L; r < rows; r++)
        {
            var row = own.Scores + r * Keys;
            var (position, firstSeen) = (p->Past + t + r, p->Low(b, t + r));
            long seenFrom = Math.Max(first, firstSeen) - from - low, seenTo = Math.Min(to, position + 1) - from - low;
            if (seenFrom >= seenTo)
            {
                // None of these keys, which are all before what the row sees or all after it.
                new Span<float>(row, (int)count).Clear();
                shares[r] = 0;
                continue;
            }
            if (p->Cap != 0)
                AttentionRows.Cap(row, count, p->Scale, p->Cap);
            AttentionRows.Hide(row, 0, seenFrom, count, seenTo);
            (tops[r], shares[r]) = (AttentionRows.Largest<TV>(row, count), 1);
        }
        for (var r = 0L; r < rows; r++)
        {
            if (shares[r] == 0)
                continue;
            var isFirst = p->Low(b, t + r) >= first;
            var before = isFirst ? float.NegativeInfinity : own.Tops[at + r];
            var top = Math.Max(before, tops[r]);
            AttentionRows.Exponentials<TV>(own.Scores + r * Keys, count, p->RestOfTwo, top).Store(lanes + r * TV.Lanes);
            (own.Tops[at + r], kept[r]) = (top, isFirst ? 0 : float.Exp2((before - top) * p->RestOfTwo));
        }
        // The sums of a row's lanes, four rows at a time.
        for (var r = 0; r < rows; r += 4)
        {
            var four = lanes + r * TV.Lanes;
            TV.Sums(TV.Load(four), TV.Load(four + TV.Lanes), TV.Load(four + 2 * TV.Lanes), TV.Load(four + 3 * TV.Lanes)).Store(sums + r);
        }
        for (var r = 0L; r < rows; r++)
        {
            if (shares[r] == 0)
                continue;
            var position = p->Past + t + r;
            var sum = sums[r] + (kept[r] == 0 ? 0 : own.Sums[at + r] * kept[r]);
            (own.Sums[at + r], shares[r]) = (sum, position < to ? 1 / sum : 1);
            if (position < to && p->Sums != null)
            {
                var row = p->Sums + ((b * p->N + n) * p->T + t + r) * 2;
                (row[0], row[1]) = (own.Tops[at + r], 1 / sum);
            }
        }
        if (p->Sinks != null)
            WithSinks(p, b, n, t, rows, to, own, at, shares);

        // What no row sees at the end of the last panel weighs nothing.
        Tile.Multiply<TV>(
            own.Scores, Keys, 1, own.Values + low * wide, Keys * wide, own.Outputs, width, rows, width, end - from - low, add: false);
        for (var r = 0L; r < rows; r++)
            if (shares[r] != 0)
                AttentionRows.Join<TV>(own.Outputs + r * width, p->Output + p->Row(b, t + r, n), H, kept[r], shares[r]);
    }

    // The shares of those of some rows that are done, with the sink of their head. Apart, for what has none to stay as it is.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WithSinks(AttentionProblem* p, long b, long n, long t, long rows, long to, in Own own, long at, float* shares)
    {
        for (var r = 0L; r < rows; r++)
        {
            if (shares[r] == 0 || p->Past + t + r >= to)
                continue;
            var (top, sum, by) = AttentionRows.WithSink(own.Tops[at + r], own.Sums[at + r], p->Sinks[n], p->Rest);
            shares[r] = by / sum;
            if (p->Sums == null)
                continue;
            var row = p->Sums + ((b * p->N + n) * p->T + t + r) * 2;
            (row[0], row[1]) = (top, 1 / sum);
        }
    }

    // Scratch of a thread.
    private struct Own
    {
        public float* Keys, Values, Scores, Outputs, Tops, Sums;
    }
}
