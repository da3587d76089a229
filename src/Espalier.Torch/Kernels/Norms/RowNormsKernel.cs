using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Norms;

/// <summary>The L2 norm of each row of the last dimension, in float64: of the heads of an attention output where they lie.</summary>
internal static unsafe class RowNormsKernel
{
    private const string Name = "row_norms";

    public static Tensor Forward(Tensor x)
    {
        if (x.Dimensions != 4)
            throw Of(Name, $"x has {x.Dimensions} dimensions; it must have four");
        if (x.DType is not (DType.Float32 or DType.Float64))
            throw Of(Name, $"x is {x.DType}; it must be float32 or float64");
        var (B, T, N, H) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3));
        using var to = Operand.Result(DType.Float64, B, T, N);
        using var from = Operand.InRows(x);
        var job = new Job
        {
            X = from.Data,
            Norms = to.Doubles,
            T = T,
            N = N,
            H = H,
            SampleStep = from.Step(0),
            PositionStep = from.Step(1),
            HeadStep = from.Step(2),
        };
        Workers.For(0, B * T, 16, x.DType == DType.Float32 ? &Positions<float> : &Positions<double>, &job);
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Positions<T>(long first, long last, void* context) where T : unmanaged
    {
        var job = *(Job*)context;
        for (var i = first; i < last; i++)
        {
            var row = (T*)job.X + i / job.T * job.SampleStep + i % job.T * job.PositionStep;
            for (var head = 0L; head < job.N; head++, row += job.HeadStep)
                job.Norms[i * job.N + head] = Math.Sqrt(Squares(row, job.H));
        }
    }

    /// <summary>The sum of the squares of some neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Squares<T>(T* x, long n) where T : unmanaged
    {
        Vector512<double> even = default, odd = default;
        var i = 0L;
        for (; i + 2 * Doubles.Lanes <= n; i += 2 * Doubles.Lanes)
        {
            Series.Ask(x + i + Series.Ahead);
            var (a, b) = (Doubles.Load(x + i), Doubles.Load(x + i + Doubles.Lanes));
            even += a * a;
            odd += b * b;
        }
        var sum = Doubles.Total(even + odd);
        for (; i < n; i++)
        {
            var value = Doubles.One(x + i);
            sum += value * value;
        }
        return sum;
    }

    private struct Job
    {
        public void* X;
        public double* Norms;
        public long T, N, H, SampleStep, PositionStep, HeadStep;
    }
}
