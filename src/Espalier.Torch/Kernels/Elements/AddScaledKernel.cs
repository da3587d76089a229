using System.Numerics;
using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// x += s · y in place, of float32 in order: what gradients, residuals and moments are gathered by. One read of both, one rounding.
/// </summary>
internal static unsafe class AddScaledKernel
{
    private const long Grain = 32768;

    /// <summary>
    /// Adds, or says that libtorch's operators must do it, in two steps: another type or order, a broadcast, or memory that overlaps.
    /// </summary>
    public static bool TryRun(Tensor x, Tensor y, float scale)
    {
        if (!IsPlain(x) || !IsPlain(y) || !x.Shape.SequenceEqual(y.Shape))
            return false;
        using var to = Operand.Of(x);
        using var from = Operand.Of(y);
        var count = x.ElementCount;
        if (to.Floats != from.Floats && to.Floats < from.Floats + count && from.Floats < to.Floats + count)
            return false;
        var problem = new Problem { X = to.Floats, Y = from.Floats, Scale = scale };
        Workers.For(0, count, Grain, &Part, &problem);
        return true;
    }

    private static bool IsPlain(Tensor tensor) => tensor.DType == DType.Float32 && tensor.IsOnCpu && tensor.IsContiguous;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(long begin, long end, void* context)
    {
        var problem = (Problem*)context;
        float* x = problem->X, y = problem->Y;
        var scale = new Vector<float>(problem->Scale);
        var i = begin;
        for (; i <= end - Vector<float>.Count; i += Vector<float>.Count)
            Vector.Store(Vector.FusedMultiplyAdd(Vector.Load(y + i), scale, Vector.Load(x + i)), x + i);
        for (; i < end; i++)
            x[i] = float.FusedMultiplyAdd(y[i], problem->Scale, x[i]);
    }

    private struct Problem
    {
        public float* X, Y;
        public float Scale;
    }
}
