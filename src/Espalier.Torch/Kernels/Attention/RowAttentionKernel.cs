using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Attention;

/// <summary>
/// Attention of single queries over the keys and values of their own sequences, which lie in blocks of positions (PagedAttention,
/// arXiv 2309.06180). A task is one key head of one row: its sums have an order of their own, so that neither threads, nor the rows beside
/// it, nor where its blocks lie show.
/// </summary>
internal static unsafe class RowAttentionKernel
{
    /// <summary>Products below which a second thread costs more to wake than it saves.</summary>
    private const long EnoughProducts = 1 << 16;

    public static void Run(ref Job job)
    {
        var grain = Math.Max(1, EnoughProducts / (2 * job.N / job.K * Math.Max(1, job.Longest) * job.H));
        fixed (Job* here = &job)
            Workers.For(0, job.Rows * job.K, grain, Width.Of(&Tasks<Floats512>, &Tasks<Floats256>, &Tasks<Floats128>), here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tasks<TV>(long from, long to, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        var (H, step) = (job.H, job.K * job.H);
        for (var task = from; task < to; task++)
        {
            var (row, head) = (task / job.K, task % job.K);
            var end = job.Positions[row] + 1;
            var begin = Math.Max(0, end - job.Window);
            var table = job.Table + row * job.TableStep;
            var first = Stretch.Of(begin, end, job.Block);
            float* keys = job.Keys + head * H, values = job.Values + head * H;
            // Whole vectors, whose last lanes weigh nothing.
            var (count, room) = (end - begin, (end - begin + TV.Lanes - 1) / TV.Lanes * TV.Lanes);
            // Four are written at a time, also where the last ones are fewer.
            var scores = Scratch.Of(room + AttentionRows.Side);
            for (var g = 0L; g < job.N / job.K; g++)
            {
                var offset = (head * (job.N / job.K) + g) * H;
                float* q = job.Queries + row * job.QueryStep + offset, y = job.Y + row * job.YStep + offset;
                for (var at = first; at.Start < end; at = at.Next(end))
                {
                    var key = keys + at.Place(table) * step;
                    for (var s = at.Start; s < at.Stop; s += AttentionRows.Side, key += AttentionRows.Side * step)
                        AttentionRows.Dots<TV>(q, key, step, Math.Min(AttentionRows.Side, at.Stop - s), H, scores + s - begin);
                }
                if (job.Cap != 0)
                    AttentionRows.Cap(scores, count, job.Scale, job.Cap);
                var rest = job.Cap == 0 ? job.Scale : 1;
                AttentionRows.Hide(scores, 0, 0, room, count);
                var top = AttentionRows.Largest<TV>(scores, room);
                var (sum, by) = (AttentionRows.Exponentials<TV>(scores, room, rest * AttentionRows.Log2OfE, top).Sum(), 1f);
                if (job.Sinks != null)
                    (_, sum, by) = AttentionRows.WithSink(top, sum, job.Sinks[offset / H], rest);
                var share = by / sum;
                Blend<TV>(scores, values, table, first, end, step, H, share, y);
            }
        }
    }

    // y = share · Σ weight · value, a strip of the head at a time, so that sums stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Blend<TV>(
        float* weights, float* values, int* table, Stretch first, long end, long step, long H, float share, float* y)
        where TV : unmanaged, IFloats<TV>
    {
        weights -= first.Start;
        var h = 0L;
        for (; h + 4 * TV.Lanes <= H; h += 4 * TV.Lanes)
        {
            TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0), by = TV.All(share);
            for (var at = first; at.Start < end; at = at.Next(end))
            {
                var value = values + at.Place(table) * step + h;
                for (var s = at.Start; s < at.Stop; s++, value += step)
                {
                    var weight = TV.All(weights[s]);
                    a = TV.MultiplyAdd(weight, TV.Load(value), a);
                    b = TV.MultiplyAdd(weight, TV.Load(value + TV.Lanes), b);
                    c = TV.MultiplyAdd(weight, TV.Load(value + 2 * TV.Lanes), c);
                    d = TV.MultiplyAdd(weight, TV.Load(value + 3 * TV.Lanes), d);
                }
            }
            (a * by).Store(y + h);
            (b * by).Store(y + h + TV.Lanes);
            (c * by).Store(y + h + 2 * TV.Lanes);
            (d * by).Store(y + h + 3 * TV.Lanes);
        }
        for (; h + TV.Lanes <= H; h += TV.Lanes)
        {
            // Four sums side by side, each of every fourth position: which ones they are depends on the positions alone.
            TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0);
            for (var at = first; at.Start < end; at = at.Next(end))
            {
                var value = values + at.Place(table) * step + h;
                for (var s = at.Start; s < at.Stop; s++, value += step)
                {
                    var weight = weights + s;
                    if ((s & 3) == 0 && s + 4 <= at.Stop)
                    {
                        a = TV.MultiplyAdd(TV.All(weight[0]), TV.Load(value), a);
                        b = TV.MultiplyAdd(TV.All(weight[1]), TV.Load(value + step), b);
                        c = TV.MultiplyAdd(TV.All(weight[2]), TV.Load(value + 2 * step), c);
                        d = TV.MultiplyAdd(TV.All(weight[3]), TV.Load(value + 3 * step), d);
                        s += 3;
                        value += 3 * step;
                    }
                    else if ((s & 3) == 0)
                        a = TV.MultiplyAdd(TV.All(*weight), TV.Load(value), a);
                    else if ((s & 3) == 1)
                        b = TV.MultiplyAdd(TV.All(*weight), TV.Load(value), b);
                    else if ((s & 3) == 2)
                        c = TV.MultiplyAdd(TV.All(*weight), TV.Load(value), c);
                    else
                        d = TV.MultiplyAdd(TV.All(*weight), TV.Load(value), d);
                }
            }
            ((a + b + (c + d)) * TV.All(share)).Store(y + h);
        }
        for (; h < H; h++)
        {
            var a = 0f;
            for (var at = first; at.Start < end; at = at.Next(end))
            {
                var value = values + at.Place(table) * step + h;
                for (var s = at.Start; s < at.Stop; s++, value += step)
                    a += weights[s] * *value;
            }
            y[h] = a * share;
        }
    }

    // Positions of a sequence that lie side by side.
    private readonly struct Stretch(long start, long stop, long index, long offset, long block)
    {
        public readonly long Start = start, Stop = stop;

        /// <summary>The first of the positions up to an end.</summary>
        public static Stretch Of(long begin, long end, long block) =>
            new(begin, Math.Min(end, begin - begin % block + block), begin / block, begin % block, block);

        /// <summary>What follows.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Stretch Next(long end) => new(Stop, Math.Min(end, Stop + block), index + 1, 0, block);

        /// <summary>Where the first of them lies.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public long Place(int* table) => table[index] * block + offset;
    }

    /// <summary>
    /// Queries [rows, N, H]; keys and values [blocks, positions of a block, K, H]; of each row the blocks of its sequence, in the order of
    /// its positions, and its own position; sinks [N], or null.
    /// </summary>
    public struct Job
    {
        public float* Queries, Keys, Values, Y, Sinks;
        public int* Table, Positions;
        public long Rows, N, K, H, Block, TableStep, Window, Longest, QueryStep, YStep;
        public float Scale, Cap;
    }
}
