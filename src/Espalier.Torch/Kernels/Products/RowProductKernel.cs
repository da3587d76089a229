using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels.Products;

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
        var sums = stackalloc float[Rows * Outputs];
        var weights = new RowProductTile<TV, TW>(job, part, n, count - 1);
        var row = 0L;
        if (job->Rows >= Rows)
            weights.Prefetch();
        for (; row + Rows <= job->Rows; row += Rows)
        {
            if (TV.HasManyRegisters)
                weights.FourRows(row, sums);
            else
                weights.FourRowsByHalves(row, sums);
            for (var r = 0; r < Rows; r++)
                Put(job, part, row + r, n, count, sums + r * Outputs);
        }
        for (; row < job->Rows; row++)
        {
            weights.OneRow(row, sums);
            Put(job, part, row, n, count, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(RowProductJob* job, RowProductJob.Part* part, long row, long n, long count, float* sums)
    {
        var y = part->Y + row * part->YStep + n;
        if (count == Outputs)
        {
            var all = Vector128.Load(sums);
            if (part->Bias != null)
                all += Vector128.Load(part->Bias + n);
            (job->Adds ? Vector128.Load(y) + all : all).Store(y);
            return;
        }
        for (var o = 0L; o < count; o++)
        {
            var sum = part->Bias != null ? sums[o] + part->Bias[n + o] : sums[o];
            y[o] = job->Adds ? y[o] + sum : sum;
        }
    }
}
