using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>Units without a gate and their gradients, element by element.</summary>
/// <typeparam name="TU">The unit.</typeparam>
internal static unsafe class UnitKernel<TU> where TU : struct, IUnit
{
    private const int Line = 16; // floats of a cache line: two threads never write into one

    public static Tensor Forward(Tensor x)
    {
        Check(x);
        using var to = Operand.Result(x.DType, x.Shape);
        using var from = Operand.InOrder(x);
        if (x.DType == DType.Float32)
            Run(from.Floats, x.ElementCount, to.Floats);
        else
            Run((Bf16*)from.Data, x.ElementCount, (Bf16*)to.Data);
        return to.Tensor;
    }

    /// <summary>The units of so many numbers; y may be x.</summary>
    public static void Run<TE>(TE* x, long count, TE* y) where TE : unmanaged
    {
        var job = new Job { X = x, Y = y, Count = count };
        Workers.For(0, Lines(count), TU.Grain, Width.Of(&Units<Floats512, TE>, &Units<Floats256, TE>, &Units<Floats128, TE>), &job);
    }

    /// <summary>The gradient of x out of that of y.</summary>
    public static Tensor Backward(Tensor gradient, Tensor x)
    {
        Check(x);
        if (!gradient.Shape.SequenceEqual(x.Shape) || gradient.DType != x.DType)
            throw Of(
                TU.Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {x.DType} {Sizes(x)}; they must have "
                    + "the same type and the same shape");
        using var to = Operand.Result(x.DType, x.Shape);
        using var from = Operand.InOrder(x);
        using var dy = Operand.InOrder(gradient);
        var job = new Job { X = from.Data, Slope = dy.Data, Y = to.Data, Count = x.ElementCount };
        var body = x.DType == DType.BFloat16
            ? Width.Of(&Slopes<Floats512, Bf16>, &Slopes<Floats256, Bf16>, &Slopes<Floats128, Bf16>)
            : Width.Of(&Slopes<Floats512, float>, &Slopes<Floats256, float>, &Slopes<Floats128, float>);
        Workers.For(0, Lines(job.Count), TU.Grain, body, &job);
        return to.Tensor;
    }

    private static void Check(Tensor x)
    {
        if (x.DType is not (DType.Float32 or DType.BFloat16))
            throw Of(TU.Name, $"x is {x.DType}; it must be float32 or bfloat16");
    }

    private static long Lines(long count) => (count + Line - 1) / Line;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Units<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* x = (TE*)job->X, y = (TE*)job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
            Element.Store(TU.Of(Element.Load<TV, TE>(x + i)), y + i);
        if (i < end)
            Tail.StoreOf(TU.Of(Tail.LoadOf<TV, TE>(x + i, end - i)), y + i, end - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Slopes<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* x = (TE*)job->X, slope = (TE*)job->Slope, y = (TE*)job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
            Element.Store(TU.Slope(Element.Load<TV, TE>(x + i), Element.Load<TV, TE>(slope + i)), y + i);
        if (i < end)
            Tail.StoreOf(TU.Slope(Tail.LoadOf<TV, TE>(x + i, end - i), Tail.LoadOf<TV, TE>(slope + i, end - i)), y + i, end - i);
    }

    private struct Job
    {
        public void* X, Slope, Y;
        public long Count;
    }
}
