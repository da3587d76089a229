using System.Runtime.CompilerServices;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels;

/// <summary>
/// A few rows times matrices, y = x Wᵀ + b: what generated tokens ask of every weight. A general product packs the weights first; this
/// reads each once, as it is stored. Each output of each row is one sum in a fixed order, whatever the number of threads and of the rows
/// beside it.
/// </summary>
internal static unsafe class RowProductKernel
{
    /// <summary>Outputs that are summed side by side.</summary>
    public const int Outputs = 4;

    // Rows that share the weights that were loaded.
    private const int Rows = 4;

    /// <summary>Bytes of weights, or products by 4, below which a second thread costs more to wake than it saves.</summary>
    private const long Enough = 1 << 18;

    /// <summary>Whether x is one row and all is float32 on the processor, the weight in order; for passes without gradients.</summary>
    public static bool Takes(Tensor x, Tensor weight, Tensor? bias) =>
        x.Dimensions > 0 && weight.Dimensions == 2 && x.Size(-1) == weight.Size(1) && x.ElementCount == x.Size(-1) && x.ElementCount > 0
        && x.DType == DType.Float32 && weight.DType == DType.Float32 && weight.IsContiguous && TensorFacts.IsOnCpu(weight.Pointer)
        && TensorFacts.IsOnCpu(x.Pointer)
        && (bias is null || (bias.DType == DType.Float32 && bias.Dimensions == 1 && bias.Size(0) == weight.Size(0)));

    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias)
    {
        var (n, k) = (weight.Size(0), weight.Size(1));
        using var to = Operand.Result(DType.Float32, [.. x.Shape[..^1], n]);
        using var from = Operand.InOrder(x);
        using var by = Operand.Of(weight);
        using var plus = Operand.InOrder(bias ?? weight);
        var job = new RowProductJob { X = from.Floats, Rows = 1, K = k, XStep = k };
        job.A = new() { Weights = (byte*)by.Data, Bias = bias is null ? null : plus.Floats, Y = to.Floats, N = n, YStep = n };
        Run(WeightFormat.Float32, ref job);
        return to.Tensor;
    }

    /// <summary>Multiplies.</summary>
    public static void Run(WeightFormat format, ref RowProductJob job)
    {
        var body = format switch
        {
            WeightFormat.BFloat16 => Width.Of(
                &Tiles<Floats512, BFloat16Weights<Floats512>>, &Tiles<Floats256, BFloat16Weights<Floats256>>,
                &Tiles<Floats128, BFloat16Weights<Floats128>>),
            WeightFormat.Int8 => Width.Of(
                &Tiles<Floats512, Int8Weights<Floats512>>, &Tiles<Floats256, Int8Weights<Floats256>>,
                &Tiles<Floats128, Int8Weights<Floats128>>),
            _ => Width.Of(
                &Tiles<Floats512, SingleWeights<Floats512>>, &Tiles<Floats256, SingleWeights<Floats256>>,
                &Tiles<Floats128, SingleWeights<Floats128>>),
        };
        var size = Math.Max(format switch { WeightFormat.BFloat16 => 2, WeightFormat.Int8 => 1, _ => 4 }, job.Rows);
        fixed (RowProductJob* here = &job)
            Workers.For(0, job.Tiles, Math.Max(1, Enough / (Outputs * Math.Max(1, job.K) * size)), body, here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TV, TW>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
    {
        var job = (RowProductJob*)context;
        for (var tile = first; tile < last; tile++)
        {
            var part = &job->A;
            var at = tile;
            if (at >= part->Tiles)
            {
                at -= part->Tiles;
                part = &job->B;
                if (at >= part->Tiles)
                {
                    at -= part->Tiles;
                    part = &job->C;
                }
            }
            Tile<TV, TW>(job, part, at * Outputs, Math.Min(Outputs, part->N - at * Outputs));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TV, TW>(RowProductJob* job, RowProductJob.Part* part, long n, long count)
        where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
    {
        var sums = stackalloc float[Rows * 2];
        var row = 0L;
        for (; row + Rows <= job->Rows; row += Rows)
            for (var o = 0L; o < count; o += 2)
            {
                DotsOfRows<TV, TW>(job, part, row, n + o, n + Math.Min(o + 1, count - 1), sums);
                for (var r = 0; r < Rows; r++)
                {
                    Put(job, part, row + r, n + o, sums[2 * r]);
                    if (o + 1 < count)
                        Put(job, part, row + r, n + o + 1, sums[2 * r + 1]);
                }
            }
        for (; row < job->Rows; row++)
        {
            Dots<TV, TW>(job, part, row, n, count - 1, sums);
            for (var o = 0L; o < count; o++)
                Put(job, part, row, n + o, sums[o]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(RowProductJob* job, RowProductJob.Part* part, long row, long n, float sum)
    {
        var y = part->Y + row * part->YStep + n;
        if (part->Bias != null)
            sum += part->Bias[n];
        *y = job->Adds ? *y + sum : sum;
    }

    // One row by four outputs n, ..., n + last; where there are fewer, the last one stands for those that are missing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Dots<TV, TW>(RowProductJob* job, RowProductJob.Part* part, long row, long n, long last, float* sums)
        where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
    {
        var (k, step, scaleStep) = (job->K, job->K * TW.Size, PackKernel.Blocks(job->K));
        var x = job->X + row * job->XStep;
        var (n1, n2, n3) = (n + Math.Min(1, last), n + Math.Min(2, last), n + Math.Min(3, last));
        byte* w0 = part->Weights + n * step, w1 = part->Weights + n1 * step, w2 = part->Weights + n2 * step, w3 = part->Weights + n3 * step;
        float* s0 = part->Scales + n * scaleStep, s1 = part->Scales + n1 * scaleStep;
        float* s2 = part->Scales + n2 * scaleStep, s3 = part->Scales + n3 * scaleStep;
        TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= k; i += TV.Lanes)
        {
            var at = TV.Load(x + i);
            a = TV.MultiplyAdd(at, TW.Load(w0, s0, i), a);
            b = TV.MultiplyAdd(at, TW.Load(w1, s1, i), b);
            c = TV.MultiplyAdd(at, TW.Load(w2, s2, i), c);
            d = TV.MultiplyAdd(at, TW.Load(w3, s3, i), d);
        }
        (sums[0], sums[1], sums[2], sums[3]) = (a.Sum(), b.Sum(), c.Sum(), d.Sum());
        for (; i < k; i++)
        {
            sums[0] += x[i] * TW.One(w0, s0, i);
            sums[1] += x[i] * TW.One(w1, s1, i);
            sums[2] += x[i] * TW.One(w2, s2, i);
            sums[3] += x[i] * TW.One(w3, s3, i);
        }
    }

    // Four rows by two outputs, in the order of sums of one row: [row, output].
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void DotsOfRows<TV, TW>(RowProductJob* job, RowProductJob.Part* part, long row, long n, long m, float* sums)
        where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
    {
        var (k, step, scaleStep) = (job->K, job->K * TW.Size, PackKernel.Blocks(job->K));
        float* x0 = job->X + row * job->XStep, x1 = x0 + job->XStep, x2 = x1 + job->XStep, x3 = x2 + job->XStep;
        byte* v = part->Weights + n * step, w = part->Weights + m * step;
        float* s = part->Scales + n * scaleStep, t = part->Scales + m * scaleStep;
        TV v0 = TV.All(0), v1 = TV.All(0), v2 = TV.All(0), v3 = TV.All(0), w0 = TV.All(0), w1 = TV.All(0), w2 = TV.All(0), w3 = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= k; i += TV.Lanes)
        {
            TV one = TW.Load(v, s, i), two = TW.Load(w, t, i), at = TV.Load(x0 + i);
            v0 = TV.MultiplyAdd(at, one, v0);
            w0 = TV.MultiplyAdd(at, two, w0);
            at = TV.Load(x1 + i);
            v1 = TV.MultiplyAdd(at, one, v1);
            w1 = TV.MultiplyAdd(at, two, w1);
            at = TV.Load(x2 + i);
            v2 = TV.MultiplyAdd(at, one, v2);
            w2 = TV.MultiplyAdd(at, two, w2);
            at = TV.Load(x3 + i);
            v3 = TV.MultiplyAdd(at, one, v3);
            w3 = TV.MultiplyAdd(at, two, w3);
        }
        (sums[0], sums[1], sums[2], sums[3]) = (v0.Sum(), w0.Sum(), v1.Sum(), w1.Sum());
        (sums[4], sums[5], sums[6], sums[7]) = (v2.Sum(), w2.Sum(), v3.Sum(), w3.Sum());
        for (; i < k; i++)
        {
            float one = TW.One(v, s, i), two = TW.One(w, t, i);
            sums[0] += x0[i] * one;
            sums[1] += x0[i] * two;
            sums[2] += x1[i] * one;
            sums[3] += x1[i] * two;
            sums[4] += x2[i] * one;
            sums[5] += x2[i] * two;
            sums[6] += x3[i] * one;
            sums[7] += x3[i] * two;
        }
    }
}
