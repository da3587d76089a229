using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Delta;

/// <summary>
/// One token a row through the gated delta rule, each on the state of its own sequence, which lies in a slot. Rows of one slot go one after
/// the other, in their order. A task is a head of all rows: neither threads nor the rows beside it show.
/// </summary>
internal static unsafe class RowDeltaKernel
{
    // Products below which a second thread costs more to wake than it saves.
    private const long EnoughProducts = 1 << 16;

    /// <summary>H = a H + k (β (v − a Hᵀ k))ᵀ and y = Hᵀ q, into v.</summary>
    public static void Run(ref Job job)
    {
        var grain = Math.Max(1, EnoughProducts / (4 * job.Rows * job.S * job.P));
        fixed (Job* here = &job)
            Workers.For(0, job.M, grain, Width.Of(&Heads<Floats512>, &Heads<Floats256>, &Heads<Floats128>), here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Heads<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var (M, P, S, group) = (job->M, job->P, job->S, job->M / job->G);
        var key = Scratch.Of(2 * S);
        var query = key + S;
        for (var m = first; m < last; m++)
        {
            var rate = MathF.Exp(job->LogDecay[m]);
            for (var row = 0L; row < job->Rows; row++)
            {
                float* v = job->V + (row * M + m) * P, state = job->State + (job->Slots[row] * M + m) * S * P;
                var shared = (row * job->G + m / group) * S;
                UnitRows.Forward<TV>(job->K + shared, S, 1, S, 1, key, null);
                UnitRows.Forward<TV>(job->Q + shared, S, 1, S, (float)(1 / Math.Sqrt(S)), query, null);
                var decay = MathF.Exp(-rate * ScanSteps.Softplus(job->Steps[row * M + m] + job->Bias[m]));
                var beta = DeltaParts.Sigmoid(job->Strengths[row * M + m]);
                // What another sequence left there counts for nothing.
                if (job->Positions[row] == 0)
                    new Span<float>(state, (int)(S * P)).Clear();
                var p = 0L;
                for (; p + TV.Lanes <= P; p += TV.Lanes)
                    Channels<TV>(state + p, P, key, query, S, decay, beta, TV.Load(v + p)).Store(v + p);
                if (p < P)
                    Tail.Store(Last<TV>(state + p, P, P - p, key, query, S, decay, beta, Tail.Load<TV>(v + p, P - p)), v + p, P - p);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Channels<TV>(float* state, long step, float* key, float* query, long S, float decay, float beta, TV value)
        where TV : unmanaged, IFloats<TV>
    {
        TV there = TV.All(0), kept = TV.All(decay), y = TV.All(0);
        for (var s = 0L; s < S; s++)
            there = TV.MultiplyAdd(TV.All(key[s]), TV.Load(state + s * step), there);
        var written = (value - there * kept) * TV.All(beta);
        for (var s = 0L; s < S; s++)
        {
            var next = TV.MultiplyAdd(TV.All(key[s]), written, TV.Load(state + s * step) * kept);
            next.Store(state + s * step);
            y = TV.MultiplyAdd(TV.All(query[s]), next, y);
        }
        return y;
    }

    // The same of fewer channels than a vector has.
    private static TV Last<TV>(
        float* state, long step, long count, float* key, float* query, long S, float decay, float beta, TV value)
        where TV : unmanaged, IFloats<TV>
    {
        TV there = TV.All(0), kept = TV.All(decay), y = TV.All(0);
        for (var s = 0L; s < S; s++)
            there = TV.MultiplyAdd(TV.All(key[s]), Tail.Load<TV>(state + s * step, count), there);
        var written = (value - there * kept) * TV.All(beta);
        for (var s = 0L; s < S; s++)
        {
            var next = TV.MultiplyAdd(TV.All(key[s]), written, Tail.Load<TV>(state + s * step, count) * kept);
            Tail.Store(next, state + s * step, count);
            y = TV.MultiplyAdd(TV.All(query[s]), next, y);
        }
        return y;
    }

    /// <summary>
    /// Rows of v [M, P], k and q [G, S], strengths and steps [M]; bias and log decay, [M]; states [slots, M, S, P]; of each row its slot
    /// and position.
    /// </summary>
    public struct Job
    {
        public float* V, K, Q, Strengths, Steps, Bias, LogDecay, State;
        public int* Slots, Positions;
        public long Rows, M, P, G, S;
    }
}
