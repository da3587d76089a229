using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Prompts;

// Shapes: N query heads, K key heads, H entries of a head.

/// <summary>
/// Attention of positions in lanes over the keys and values of their sequence, which lie in rows, as they were cached: softmax runs down a
/// lane, a block of keys after the other (arXiv 2205.14135), and neither keys nor values are packed. A task is one panel of one head; what
/// a position gets depends on none beside it.
/// </summary>
internal static unsafe class PanelAttentionKernel
{
    // Keys of a block, whose scores, keys and values stay in the first cache; they begin at multiples of it, whatever is asked.
    private const long Block = 128;

    private const int Wide = Tile.Positions;
    private const long Enough = 1 << 20;

    public struct Job
    {
        /// <summary>Queries and what comes out, [panels][N · H][32].</summary>
        public float* Queries, Y;

        /// <summary>The sequence's first row of keys and of values, [position][K · H].</summary>
        public float* Keys, Values;

        /// <summary>The position of the first query, and queries.</summary>
        public long First, Count;

        public long N, K, H;

        /// <summary>Keys that a query sees, its own included; no more than there are.</summary>
        public long Window;

        public float Scale;

        /// <summary>c in c · tanh(score / c); 0 for none.</summary>
        public float Cap;
    }

    public static void Run(ref Job job)
    {
        var panels = (job.Count + Wide - 1) / Wide;
        var products = 2 * Wide * job.H * (job.First + job.Count);
        fixed (Job* here = &job)
            Workers.For(0, job.N * panels, Math.Max(1, Enough / Math.Max(1, products)),
                Width.Of(&Tasks<Floats512>, &Tasks<Floats256>, &Tasks<Floats128>), here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var panels = (job->Count + Wide - 1) / Wide;
        var scores = Scratch.Of(Block * Wide + 3 * Wide);
        for (var task = first; task < last; task++)
            Panel<TV>(job, task % panels, task / panels, scores);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel<TV>(Job* job, long panel, long head, float* scores) where TV : unmanaged, IFloats<TV>
    {
        var (H, step) = (job->H, job->K * job->H);
        var offset = (panel * job->N + head) * H * Wide;
        float* q = job->Queries + offset, y = job->Y + offset;
        var of = head / (job->N / job->K) * H;
        float* tops = scores + Block * Wide, sums = tops + Wide, kept = sums + Wide;
        new Span<float>(tops, Wide).Fill(float.NegativeInfinity);
        new Span<float>(sums, Wide).Clear();
        var position = job->First + panel * Wide;
        long begin = Math.Max(0, position - job->Window + 1), end = Math.Min(job->First + job->Count, position + Wide);
        var (scale, isFirst) = (AttentionRows.Log2OfE * (job->Cap == 0 ? job->Scale : 1), true);
        for (var from = begin; from < end; isFirst = false)
        {
            var to = Math.Min(end, (from / Block + 1) * Block);
            var count = to - from;
            Tile.MultiplyPanel<TV>(job->Keys + from * step + of, step, 1, q, scores, count, H, add: false);
            if (job->Cap != 0)
                AttentionRows.Cap(scores, count * Wide, job->Scale, job->Cap);
            Hide(scores, position - from, count, job->Window);
            for (var lane = 0L; lane < Wide; lane += TV.Lanes)
                Weigh<TV>(scores + lane, count, scale, tops + lane, sums + lane, kept + lane);
            if (!isFirst)
                Multiply<TV>(y, H, kept);
            Tile.MultiplyPanel<TV>(job->Values + from * step + of, 1, step, scores, y, H, count, add: !isFirst);
            from = to;
        }
        for (var lane = 0; lane < Wide; lane += TV.Lanes)
            (TV.All(1) / TV.Load(sums + lane)).Store(kept + lane);
        Multiply<TV>(y, H, kept);
    }

    // Keys that a position does not see: the position of the first lane is `ahead` after the first key.
    private static void Hide(float* scores, long ahead, long count, long window)
    {
        for (var s = Math.Max(0, ahead + 1); s < count; s++)
            new Span<float>(scores + s * Wide, (int)Math.Min(Wide, s - ahead)).Fill(float.NegativeInfinity);
        for (var s = 0L; s < count && s - ahead + window < Wide; s++)
        {
            var sees = (int)Math.Max(0, s - ahead + window);
            new Span<float>(scores + s * Wide + sees, Wide - sees).Fill(float.NegativeInfinity);
        }
    }

    // Scores of some lanes become powers of two; what was summed before counts `kept` of it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Weigh<TV>(float* scores, long count, float scale, float* tops, float* sums, float* kept)
        where TV : unmanaged, IFloats<TV>
    {
        TV before = TV.Load(tops), top = before, by = TV.All(scale), none = TV.All(float.NegativeInfinity);
        for (var s = 0L; s < count; s++)
            top = TV.Larger(top, TV.Load(scores + s * Wide));
        top.Store(tops);
        // A lane that has seen no key yet has no top.
        top = TV.WhereAbove(top, none, top, TV.All(0));
        var rest = TV.ExponentialOfTwo((before - top) * by);
        var total = TV.Load(sums) * rest;
        for (var s = 0L; s < count; s++)
        {
            var e = TV.ExponentialOfTwo((TV.Load(scores + s * Wide) - top) * by);
            e.Store(scores + s * Wide);
            total += e;
        }
        rest.Store(kept);
        total.Store(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<TV>(float* y, long rows, float* by) where TV : unmanaged, IFloats<TV>
    {
        for (var i = 0L; i < rows * Wide; i += TV.Lanes)
            (TV.Load(y + i) * TV.Load(by + i % Wide)).Store(y + i);
    }
}
