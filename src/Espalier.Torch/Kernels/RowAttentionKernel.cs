using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels;

/// <summary>
/// Attention of single queries over the keys and values of their own sequences. A task is one key head of one row: its sums have an order
/// of their own, so that neither threads nor the rows beside it show.
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
            var at = (job.Sequences[row] * job.Capacity + begin) * step + head * H;
            float* keys = job.Keys + at, values = job.Values + at;
            // Whole vectors, whose last lanes weigh nothing.
            var (count, room) = (end - begin, (end - begin + TV.Lanes - 1) / TV.Lanes * TV.Lanes);
            var scores = Scratch.Of(room);
            for (var g = 0L; g < job.N / job.K; g++)
            {
                var offset = (head * (job.N / job.K) + g) * H;
                float* q = job.Queries + row * job.QueryStep + offset, y = job.Y + row * job.YStep + offset;
                for (var s = 0L; s < count; s++)
                    scores[s] = AttentionRows.Dot<TV>(q, keys + s * step, H);
                if (job.Cap != 0)
                    AttentionRows.Cap(scores, count, job.Scale, job.Cap);
                var rest = job.Cap == 0 ? job.Scale : 1;
                AttentionRows.Hide(scores, 0, 0, room, count);
                var top = AttentionRows.Largest<TV>(scores, room) * rest;
                var share = 1 / AttentionRows.Exponentials<TV>(scores, room, rest, top);
                Blend<TV>(scores, values, count, step, H, share, y);
            }
        }
    }

    // y = share · Σ weight · value, a strip of the head at a time, so that sums stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Blend<TV>(float* weights, float* values, long count, long step, long H, float share, float* y)
        where TV : unmanaged, IFloats<TV>
    {
        var h = 0L;
        for (; h + 4 * TV.Lanes <= H; h += 4 * TV.Lanes)
        {
            TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0), by = TV.All(share);
            for (var s = 0L; s < count; s++)
            {
                var value = values + s * step + h;
                var weight = TV.All(weights[s]);
                a = TV.MultiplyAdd(weight, TV.Load(value), a);
                b = TV.MultiplyAdd(weight, TV.Load(value + TV.Lanes), b);
                c = TV.MultiplyAdd(weight, TV.Load(value + 2 * TV.Lanes), c);
                d = TV.MultiplyAdd(weight, TV.Load(value + 3 * TV.Lanes), d);
            }
            (a * by).Store(y + h);
            (b * by).Store(y + h + TV.Lanes);
            (c * by).Store(y + h + 2 * TV.Lanes);
            (d * by).Store(y + h + 3 * TV.Lanes);
        }
        for (; h + TV.Lanes <= H; h += TV.Lanes)
        {
            var a = TV.All(0);
            for (var s = 0L; s < count; s++)
                a = TV.MultiplyAdd(TV.All(weights[s]), TV.Load(values + s * step + h), a);
            (a * TV.All(share)).Store(y + h);
        }
        for (; h < H; h++)
        {
            var a = 0f;
            for (var s = 0L; s < count; s++)
                a += weights[s] * values[s * step + h];
            y[h] = a * share;
        }
    }

    /// <summary>
    /// Queries [rows, N, H]; keys and values [sequences, capacity, K, H]; of each row its sequence and its position there.
    /// </summary>
    public struct Job
    {
        public float* Queries, Keys, Values, Y;
        public int* Sequences, Positions;
        public long Rows, N, K, H, Capacity, Window, Longest, QueryStep, YStep;
        public float Scale, Cap;
    }
}
