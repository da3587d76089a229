using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>The squared rectifier (arXiv 2109.08668), y = max(x, 0)², and its gradient, dx = 2 max(x, 0) dy.</summary>
internal static unsafe class SquaredReluKernel
{
    private const string Name = "squared_relu";
    private const int Line = 16; // floats of a cache line: two threads never write into one

    public static Tensor Forward(Tensor x) => Run(x, x, Width.Of(&Squares<Floats512>, &Squares<Floats256>, &Squares<Floats128>));

    /// <summary>The gradient of x out of that of y.</summary>
    public static Tensor Backward(Tensor gradient, Tensor x) =>
        Run(x, gradient, Width.Of(&Slopes<Floats512>, &Slopes<Floats256>, &Slopes<Floats128>));

    /// <summary>The same of so many numbers; y may be x.</summary>
    public static void Run(float* x, long count, float* y)
    {
        var job = new Job { X = x, Y = y, Count = count };
        Workers.For(0, (count + Line - 1) / Line, 512, Width.Of(&Squares<Floats512>, &Squares<Floats256>, &Squares<Floats128>), &job);
    }

    private static Tensor Run(Tensor x, Tensor gradient, delegate*<long, long, void*, void> body)
    {
        if (x.DType != DType.Float32 || gradient.DType != DType.Float32 || !x.Shape.SequenceEqual(gradient.Shape))
            throw Of(
                Name, $"x is {x.DType} {Sizes(x)} and its gradient {gradient.DType} "
                    + $"{Sizes(gradient)}, both must be float32 and of one shape");
        using var to = Operand.Result(DType.Float32, x.Shape);
        using var from = Operand.InOrder(x);
        using var slope = Operand.InOrder(gradient);
        var job = new Job { X = from.Floats, Slope = slope.Floats, Y = to.Floats, Count = x.ElementCount };
        Workers.For(0, (job.Count + Line - 1) / Line, 512, body, &job);
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Squares<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* x = job->X, y = job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            var positive = Positive(TV.Load(x + i));
            (positive * positive).Store(y + i);
        }
        for (; i < end; i++)
            y[i] = x[i] < 0 ? 0 : x[i] * x[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Slopes<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* x = job->X, slope = job->Slope, y = job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
            (TV.All(2) * Positive(TV.Load(x + i)) * TV.Load(slope + i)).Store(y + i);
        for (; i < end; i++)
            y[i] = 2 * (x[i] < 0 ? 0 : x[i]) * slope[i];
    }

    // NaN stays NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Positive<TV>(TV x) where TV : unmanaged, IFloats<TV> => TV.WhereAbove(TV.All(0), x, TV.All(0), x);

    private struct Job
    {
        public float* X, Slope, Y;
        public long Count;
    }
}
