using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// What importance needs of an activation, in one read of it: sums over positions of |x|, x² and x, per sample and unit, in float64.
/// </summary>
internal static unsafe class UnitSumsKernel
{
    private const string Name = "unit_sums";

    // Units whose three rows of sums stay in the first-level cache while the positions go by.
    private const long Units = 512;

    public static Tensor Forward(Tensor x)
    {
        if (x.Dimensions != 3)
            throw Of(Name, $"x has {x.Dimensions} dimensions; it must be [samples, positions, units]");
        if (x.DType is not (DType.Float32 or DType.Float64))
            throw Of(Name, $"x is {x.DType}; it must be float32 or float64");
        var (B, T, U) = (x.Size(0), x.Size(1), x.Size(2));
        using var to = Operand.Result(DType.Float64, 3, B, U);
        using var from = Operand.InOrder(x);
        var job = new Job { X = from.Data, Sums = to.Doubles, B = B, T = T, U = U };
        Workers.For(0, B * ((U + Units - 1) / Units), 1, x.DType == DType.Float32 ? &Pieces<float> : &Pieces<double>, &job);
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pieces<T>(long first, long last, void* context) where T : unmanaged
    {
        var job = *(Job*)context;
        var (pieces, all) = ((job.U + Units - 1) / Units, job.B * job.U);
        for (var i = first; i < last; i++)
        {
            var (b, u) = (i / pieces, i % pieces * Units);
            var to = job.Sums + b * job.U + u;
            Sums((T*)job.X + b * job.T * job.U + u, job.T, job.U, Math.Min(Units, job.U - u), to, to + all, to + 2 * all);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sums<T>(
        T* x, long positions, long stride, long units, double* absolute, double* squares, double* sums)
        where T : unmanaged
    {
        for (var u = 0L; u < units; u++)
            absolute[u] = squares[u] = sums[u] = 0;
        var t = 0L;
        for (; t + 4 <= positions; t += 4)
            AddFour(x + t * stride, stride, units, absolute, squares, sums);
        for (; t < positions; t++)
            for (var u = 0L; u < units; u++)
            {
                var value = Doubles.One(x + t * stride + u);
                absolute[u] += Math.Abs(value);
                squares[u] += value * value;
                sums[u] += value;
            }
    }

    // Four positions at once, so that the sums go through memory once for four reads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFour<T>(T* x, long stride, long units, double* absolute, double* squares, double* sums) where T : unmanaged
    {
        T* x0 = x, x1 = x + stride, x2 = x + 2 * stride, x3 = x + 3 * stride;
        var u = 0L;
        for (; u + Doubles.Lanes <= units; u += Doubles.Lanes)
        {
            // The next four, which begin on other pages, where no processor looks by itself.
            Series.Ask(x0 + 4 * stride + u);
            Series.Ask(x1 + 4 * stride + u);
            Series.Ask(x2 + 4 * stride + u);
            Series.Ask(x3 + 4 * stride + u);
            var (a, b, c, d) = (Doubles.Load(x0 + u), Doubles.Load(x1 + u), Doubles.Load(x2 + u), Doubles.Load(x3 + u));
            var magnitudes = (Vector512.Abs(a) + Vector512.Abs(b)) + (Vector512.Abs(c) + Vector512.Abs(d));
            (Vector512.Load(absolute + u) + magnitudes).Store(absolute + u);
            (Vector512.Load(squares + u) + ((a * a + b * b) + (c * c + d * d))).Store(squares + u);
            (Vector512.Load(sums + u) + ((a + b) + (c + d))).Store(sums + u);
        }
        for (; u < units; u++)
        {
            double a = Doubles.One(x0 + u), b = Doubles.One(x1 + u), c = Doubles.One(x2 + u), d = Doubles.One(x3 + u);
            absolute[u] += (Math.Abs(a) + Math.Abs(b)) + (Math.Abs(c) + Math.Abs(d));
            squares[u] += (a * a + b * b) + (c * c + d * d);
            sums[u] += (a + b) + (c + d);
        }
    }

    private struct Job
    {
        public void* X;
        public double* Sums;
        public long B, T, U;
    }
}
