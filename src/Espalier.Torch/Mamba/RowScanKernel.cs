using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Mamba;

/// <summary>
/// One token a row through convolution and scan, each on the state of its own sequence, which lies in a slot. Rows of one slot go one after
/// the other, in their order. A task is some channels, or a head, of all rows: neither threads nor the rows beside it show.
/// </summary>
internal static unsafe class RowScanKernel
{
    // Products below which a second thread costs more to wake than it saves.
    private const long EnoughProducts = 1 << 16;

    private const long Channels = 64;

    /// <summary>silu(b + Σ w x) over the last K inputs, in place; the state takes the new one.</summary>
    public static void Convolve(ref ConvolveJob job)
    {
        var grain = Math.Max(1, EnoughProducts / (job.Rows * job.K * Channels));
        fixed (ConvolveJob* here = &job)
            Workers.For(0, (job.C + Channels - 1) / Channels, grain,
                Width.Of(&Convolved<Floats512>, &Convolved<Floats256>, &Convolved<Floats128>), here);
    }

    /// <summary>H = exp(A dt) H + dt B x and y = C H + D x, into x.</summary>
    public static void Scan(ref ScanJob job)
    {
        var grain = Math.Max(1, EnoughProducts / (2 * job.Rows * job.S * job.P));
        fixed (ScanJob* here = &job)
            Workers.For(0, job.M, grain, Width.Of(&Heads<Floats512>, &Heads<Floats256>, &Heads<Floats128>), here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convolved<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (ConvolveJob*)context;
        var (C, K) = (job->C, job->K);
        for (var i = first * Channels; i < Math.Min(C, last * Channels); i += TV.Lanes)
        {
            var there = Math.Min(TV.Lanes, C - i);
            for (var row = 0L; row < job->Rows; row++)
            {
                float* x = job->X + row * C + i, state = job->State + job->Slots[row] * (K - 1) * C + i;
                var isFirst = job->Positions[row] == 0;
                var input = Load<TV>(x, there);
                var sum = job->Bias == null ? TV.All(0) : Load<TV>(job->Bias + i, there);
                for (var k = 0L; k < K - 1; k++)
                {
                    var before = isFirst ? TV.All(0) : Load<TV>(state + k * C, there);
                    sum = TV.MultiplyAdd(Load<TV>(job->Weight + k * C + i, there), before, sum);
                    if (k > 0)
                        Store(before, state + (k - 1) * C, there);
                }
                sum = TV.MultiplyAdd(Load<TV>(job->Weight + (K - 1) * C + i, there), input, sum);
                if (K > 1)
                    Store(input, state + (K - 2) * C, there);
                Store(sum * Series.Sigmoid(sum), x, there);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Heads<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (ScanJob*)context;
        var (M, P, S) = (job->M, job->P, job->S);
        for (var m = first; m < last; m++)
            for (var row = 0L; row < job->Rows; row++)
            {
                float* x = job->X + (row * M + m) * P, state = job->State + (job->Slots[row] * M + m) * S * P;
                float* @in = job->In + (row * job->G + m / (M / job->G)) * S, @out = job->Out + (row * job->G + m / (M / job->G)) * S;
                var step = ScanSteps.Softplus(job->Steps[row * M + m] + job->Bias[m]);
                step = step < job->Lowest ? job->Lowest : step > job->Highest ? job->Highest : step;
                var decay = MathF.Exp(-MathF.Exp(job->LogDecay[m]) * step);
                // What another sequence left there counts for nothing.
                if (job->Positions[row] == 0)
                    new Span<float>(state, (int)(S * P)).Clear();
                for (var p = 0L; p < P; p += TV.Lanes)
                {
                    var there = Math.Min(TV.Lanes, P - p);
                    var value = Load<TV>(x + p, there);
                    TV sum = TV.All(job->Skip[m]) * value, taken = value * TV.All(step), kept = TV.All(decay);
                    if (there == TV.Lanes)
                        for (var s = 0L; s < S; s++)
                        {
                            var at = state + s * P + p;
                            var next = TV.MultiplyAdd(TV.All(@in[s]), taken, TV.Load(at) * kept);
                            next.Store(at);
                            sum = TV.MultiplyAdd(TV.All(@out[s]), next, sum);
                        }
                    else
                        for (var s = 0L; s < S; s++)
                        {
                            var at = state + s * P + p;
                            var next = TV.MultiplyAdd(TV.All(@in[s]), taken, Tail.Load<TV>(at, there) * kept);
                            Tail.Store(next, at, there);
                            sum = TV.MultiplyAdd(TV.All(@out[s]), next, sum);
                        }
                    Store(sum, x + p, there);
                }
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Load<TV>(float* from, long there) where TV : unmanaged, IFloats<TV> =>
        there == TV.Lanes ? TV.Load(from) : Tail.Load<TV>(from, there);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TV>(TV x, float* to, long there) where TV : unmanaged, IFloats<TV>
    {
        if (there == TV.Lanes)
            x.Store(to);
        else
            Tail.Store(x, to, there);
    }

    /// <summary>Rows [rows, C]; weights [K, C]; states [slots, K − 1, C]; of each row its slot and its position.</summary>
    public struct ConvolveJob
    {
        public float* X, Weight, Bias, State;
        public int* Slots, Positions;
        public long Rows, C, K;
    }

    /// <summary>
    /// Rows of x [M, P], B and C [G, S] and steps [M]; bias, log decay and D, [M]; states [slots, M, S, P]; of each row its slot and
    /// position.
    /// </summary>
    public struct ScanJob
    {
        public float* X, In, Out, Steps, Bias, LogDecay, Skip, State;
        public int* Slots, Positions;
        public float Lowest, Highest;
        public long Rows, M, P, G, S;
    }
}
