using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Mamba.Scan;

/// <summary>
/// Steps and decays of a scan: dt = softplus(raw + bias) between two bounds and exp(A dt), with softplus(v) = v above 20 as the reference
/// has it; and back.
/// </summary>
internal static unsafe class ScanSteps
{
    /// <summary>Above it softplus is its argument.</summary>
    private const float Straight = 20;

    public static float Softplus(float v) => v > Straight ? v : Math.Max(v, 0) + (float)double.LogP1(Math.Exp(-Math.Abs((double)v)));

    /// <summary>What steps and decays are made of and written to, without bounds; A is written.</summary>
    /// <param name="raw">Before bias and softplus.</param>
    /// <param name="bias">[M].</param>
    /// <param name="log">log(−A), [M].</param>
    /// <param name="rates">Room for A, [M].</param>
    /// <param name="steps">Room for both, [2, B, T, M].</param>
    /// <param name="begins">The position at which each token's document begins, or null.</param>
    /// <param name="shape">B, T and M.</param>
    public static StepJob Job(
        RowView raw, in Operand bias, in Operand log, in Operand rates, in Operand steps, long* begins, ReadOnlySpan<long> shape)
    {
        var (B, T, M) = (shape[0], shape[1], shape[2]);
        for (var m = 0L; m < M; m++)
            rates.Floats[m] = (float)-Math.Exp(log.Floats[m]);
        return new()
        {
            Raw = raw,
            Bias = bias.Floats,
            Rates = rates.Floats,
            Steps = steps.Floats,
            Decays = steps.Floats + B * T * M,
            Begins = begins,
            Highest = float.PositiveInfinity,
            B = B,
            T = T,
            M = M,
        };
    }

    /// <summary>Writes steps and decays, [B, T, M].</summary>
    public static void Forward(in StepJob given)
    {
        fixed (StepJob* job = &given)
            Workers.For(0, given.B * given.T, Math.Max(1, 1024 / given.M), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>),
                job);
    }

    /// <summary>
    /// Makes of the gradients of the steps, [B, T, M] in <see cref="StepJob.Slopes"/>, those of what softplus was taken of, in place, and
    /// adds them up for the bias, [M].
    /// </summary>
    public static void Backward(in StepJob given, float* toBias)
    {
        var (rows, M) = (given.B * given.T, given.M);
        var pieces = ColumnSums.Pieces(rows);
        using var sums = Operand.Own(DType.Float64, pieces, M);
        var own = given;
        own.Sums = sums.Doubles;
        Workers.For(0, pieces, 1, Width.Of(&Pieces<Floats512>, &Pieces<Floats256>, &Pieces<Floats128>), &own);
        ColumnSums.AddUp(sums.Doubles, pieces, M, M, toBias);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pieces<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (StepJob*)context;
        var (M, rows) = (job->M, job->B * job->T);
        for (var piece = first; piece < last; piece++)
        {
            var begin = piece * ColumnSums.PieceOf(rows);
            var sums = job->Sums + piece * M;
            new Span<double>(sums, (int)M).Clear();
            for (var row = begin; row < Math.Min(rows, begin + ColumnSums.PieceOf(rows)); row++)
            {
                var raw = job->Raw.At(row / job->T, row % job->T);
                var slopes = job->Slopes + row * M;
                var i = 0L;
                for (; i + TV.Lanes <= M; i += TV.Lanes)
                {
                    var slope = Slope(job, TV.Load(raw + i) + TV.Load(job->Bias + i), TV.Load(slopes + i));
                    slope.Store(slopes + i);
                    slope.AddTo(sums + i);
                }
                if (i == M)
                    continue;
                var v = Tail.Load<TV>(raw + i, M - i) + Tail.Load<TV>(job->Bias + i, M - i);
                Tail.Store(Slope(job, v, Tail.Load<TV>(slopes + i, M - i)), slopes + i, M - i);
                for (; i < M; i++)
                    sums[i] += slopes[i];
            }
        }
    }

    // Softplus has the sigmoid as its slope; beyond a bound there is none.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Slope<TV>(StepJob* job, TV v, TV slope) where TV : unmanaged, IFloats<TV>
    {
        TV zero = TV.All(0), step = Softplus(v);
        slope = TV.WhereAbove(v, TV.All(Straight), slope, slope * Series.Sigmoid(v));
        slope = TV.WhereAbove(TV.All(job->Lowest), step, zero, slope);
        return TV.WhereAbove(step, TV.All(job->Highest), zero, slope);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (StepJob*)context;
        var M = job->M;
        for (var row = first; row < last; row++)
        {
            var (b, t) = (row / job->T, row % job->T);
            var raw = job->Raw.At(b, t);
            float* steps = job->Steps + row * M, decays = job->Decays + row * M;
            if (job->Begins != null && job->Begins[row] == t && t > 0)
            {
                for (var m = 0L; m < M; m += TV.Lanes)
                    Tail.Store(Step<TV>(job, raw, m), steps + m, Math.Min(TV.Lanes, M - m));
                new Span<float>(decays, (int)M).Clear();
                continue;
            }
            var i = 0L;
            for (; i + TV.Lanes <= M; i += TV.Lanes)
            {
                var step = Of(job, TV.Load(raw + i) + TV.Load(job->Bias + i));
                step.Store(steps + i);
                TV.Exponential(step * TV.Load(job->Rates + i)).Store(decays + i);
            }
            if (i < M)
            {
                var step = Step<TV>(job, raw, i);
                Tail.Store(step, steps + i, M - i);
                Tail.Store(TV.Exponential(step * Tail.Load<TV>(job->Rates + i, M - i)), decays + i, M - i);
            }
        }
    }

    private static TV Step<TV>(StepJob* job, float* raw, long m) where TV : unmanaged, IFloats<TV>
    {
        var count = Math.Min(TV.Lanes, job->M - m);
        return Of(job, Tail.Load<TV>(raw + m, count) + Tail.Load<TV>(job->Bias + m, count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Of<TV>(StepJob* job, TV v) where TV : unmanaged, IFloats<TV>
    {
        var step = Softplus(v);
        step = TV.WhereAbove(TV.All(job->Lowest), step, TV.All(job->Lowest), step);
        return TV.WhereAbove(step, TV.All(job->Highest), TV.All(job->Highest), step);
    }

    // max(v, 0) + log(1 + e^−|v|).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Softplus<TV>(TV v) where TV : unmanaged, IFloats<TV>
    {
        var zero = TV.All(0);
        var far = TV.Exponential(zero - TV.Larger(v, zero - v));
        return TV.WhereAbove(v, TV.All(Straight), v, TV.Larger(zero, v) + Series.LogOnePlus(far));
    }
}

/// <summary>What steps are made of.</summary>
internal unsafe struct StepJob
{
    /// <summary>[B, T, M].</summary>
    public RowView Raw;

    /// <summary>[M].</summary>
    public float* Bias, Rates;

    public float* Steps, Decays;

    /// <summary>Backward: gradients of the steps, [B, T, M].</summary>
    public float* Slopes;

    public double* Sums;

    /// <summary>The position at which each token's document begins, [B, T]; null where a row is one text.</summary>
    public long* Begins;

    public float Lowest, Highest;
    public long B, T, M;
}
