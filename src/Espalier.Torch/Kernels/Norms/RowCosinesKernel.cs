using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Norms;

/// <summary>
/// The cosine between rows of two tensors, in float64 and one read of each: how far a block turns the residual stream. 1 where both are all
/// zero, 0 where one is.
/// </summary>
internal static unsafe class RowCosinesKernel
{
    private const string Name = "row_cosines";

    public static Tensor Forward(Tensor a, Tensor b)
    {
        if (a.Dimensions == 0 || !a.Shape.SequenceEqual(b.Shape))
            throw Of(Name, $"a is {Sizes(a)} and b {Sizes(b)}; they must have the same shape");
        if (a.DType != b.DType || a.DType is not (DType.Float32 or DType.Float64))
            throw Of(Name, $"a is {a.DType} and b {b.DType}; both must be float32 or float64");
        using var to = Operand.Result(DType.Float64, a.Shape[..^1]);
        using var first = Operand.InOrder(a);
        using var second = Operand.InOrder(b);
        var job = new Job { A = first.Data, B = second.Data, Cosines = to.Doubles, N = a.Size(-1) };
        Workers.For(0, to.Tensor.ElementCount, 16, a.DType == DType.Float32 ? &Rows<float> : &Rows<double>, &job);
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<T>(long first, long last, void* context) where T : unmanaged
    {
        var job = *(Job*)context;
        for (var row = first; row < last; row++)
            job.Cosines[row] = Cosine((T*)job.A + row * job.N, (T*)job.B + row * job.N, job.N);
    }

    // The three sums of a pair of rows in one read.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Cosine<T>(T* a, T* b, long n) where T : unmanaged
    {
        Vector512<double> across = default, ofA = default, ofB = default;
        var i = 0L;
        for (; i + Doubles.Lanes <= n; i += Doubles.Lanes)
        {
            Series.Ask(a + i + Series.Ahead);
            Series.Ask(b + i + Series.Ahead);
            var (x, y) = (Doubles.Load(a + i), Doubles.Load(b + i));
            across += x * y;
            ofA += x * x;
            ofB += y * y;
        }
        double ab = Doubles.Total(across), aa = Doubles.Total(ofA), bb = Doubles.Total(ofB);
        for (; i < n; i++)
        {
            double x = Doubles.One(a + i), y = Doubles.One(b + i);
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
        return aa == 0 && bb == 0 ? 1 : ab / (Math.Sqrt(aa) * Math.Sqrt(bb) is var norms && norms == 0 ? 1 : norms);
    }

    private struct Job
    {
        public void* A, B;
        public double* Cosines;
        public long N;
    }
}
