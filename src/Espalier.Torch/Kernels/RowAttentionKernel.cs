using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels;

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
    private static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        var (H, step) = (job.H, job.K * job.H);
        for (var task = first; task < last; task++)
        {
            var (row, head) = (task / job.K, task % job.K);
            var end = job.Positions[row] + 1;
            var begin = Math.Max(0, end - job.Window);
            var table = job.Table + row * job.TableStep;
            float* keys = job.Keys + head * H, values = job.Values + head * H;
            // Whole vectors, whose last lanes weigh nothing.
            var (count, room) = (end - begin, (end - begin + TV.Lanes - 1) / TV.Lanes * TV.Lanes);
            var scores = Scratch.Of(room);
            for (var g = 0L; g < job.N / job.K; g++)
            {
                var offset = (head * (job.N / job.K) + g) * H;
                float* q = job.Queries + row * job.QueryStep + offset, y = job.Y + row * job.YStep + offset;
                for (var s = begin; s < end;)
                {
                    var key = keys + (table[s / job.Block] * job.Block + s % job.Block) * step;
                    for (var stop = Math.Min(end, s - s % job.Block + job.Block); s < stop; s++, key += step)
                        scores[s - begin] = AttentionRows.Dot<TV>(q, key, H);
                }
                if (job.Cap != 0)
                    AttentionRows.Cap(scores, count, job.Scale, job.Cap);
                var scale = job.Cap == 0 ? job.Scale : 1;
                AttentionRows.Hide(scores, 0, 0, room, count);
                var top = AttentionRows.Largest<TV>(scores, room) * scale;
                var share = 1 / AttentionRows.Exponentials<TV>(scores, room, scale, top);
                Blend<TV>(scores, values, table, job.Block, begin, end, step, H, share, y);
            }
        }
    }

    // y = share · Σ weight · value, a strip of the head at a time, so that sums stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Blend<TV>(
        float* weights, float* values, int* table, long block, long begin, long end, long step, long H, float share, float* y)
        where TV : unmanaged, IFloats<TV>
    {
        var h = 0L;
        for (; h + 4 * TV.Lanes <= H; h += 4 * TV.Lanes)
        {
            TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0), by = TV.All(share);
            for (var s = begin; s < end;)
            {
                var value = values + (table[s / block] * block + s % block) * step + h;
                for (var last = Math.Min(end, s - s % block + block); s < last; s++, value += step)
                {
                    var weight = TV.All(weights[s - begin]);
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
            var a = TV.All(0);
            for (var s = begin; s < end;)
            {
                var value = values + (table[s / block] * block + s % block) * step + h;
                for (var last = Math.Min(end, s - s % block + block); s < last; s++, value += step)
                    a = TV.MultiplyAdd(TV.All(weights[s - begin]), TV.Load(value), a);
            }
            (a * TV.All(share)).Store(y + h);
        }
        for (; h < H; h++)
        {
            var a = 0f;
            for (var s = begin; s < end; s++)
                a += weights[s - begin] * values[(table[s / block] * block + s % block) * step + h];
            y[h] = a * share;
        }
    }

    /// <summary>
    /// Queries [rows, N, H]; keys and values [blocks, positions of a block, K, H]; of each row the blocks of its sequence, in the order of
    /// its positions, and its own position.
    /// </summary>
    public struct Job
    {
        public float* Queries, Keys, Values, Y;
        public int* Table, Positions;
        public long Rows, N, K, H, Block, TableStep, Window, Longest, QueryStep, YStep;
        public float Scale, Cap;
    }
}
