using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// A tensor of float32 plus one of bfloat16, y = x + scale · b: in one reading of both, where libtorch widens a copy first.
/// </summary>
internal static unsafe class AddNarrowKernel
{
    private const string Name = "add_narrow";
    private const int Line = 16; // floats of a cache line: two threads never write into one

    /// <summary>x + b, a new tensor.</summary>
    public static Tensor Forward(Tensor x, Tensor narrow)
    {
        Check(x, narrow);
        using var to = Operand.Result(DType.Float32, x.Shape);
        using var from = Operand.InOrder(x);
        Run(from.Floats, narrow, to.Floats, 1);
        return to.Tensor;
    }

    /// <summary>x += scale · b.</summary>
    public static void AddTo(Tensor x, Tensor narrow, double scale)
    {
        Check(x, narrow);
        if (!x.IsContiguous)
            throw Of(Name, $"the target, {Sizes(x)}, must be contiguous");
        using var to = Operand.Of(x);
        Run(to.Floats, narrow, to.Floats, (float)scale);
        x.Written();
    }

    private static void Run(float* x, Tensor narrow, float* y, float scale)
    {
        using var b = Operand.InOrder(narrow);
        var job = new Job { X = x, Narrow = (Bf16*)b.Data, Y = y, Count = narrow.ElementCount, Scale = scale };
        Workers.For(0, (job.Count + Line - 1) / Line, 512, Width.Of(&Sums<Floats512>, &Sums<Floats256>, &Sums<Floats128>), &job);
    }

    private static void Check(Tensor x, Tensor narrow)
    {
        if (x.DType != DType.Float32 || narrow.DType != DType.BFloat16 || !x.Shape.SequenceEqual(narrow.Shape))
            throw Of(Name, $"{x.DType} {Sizes(x)} and {narrow.DType} {Sizes(narrow)}; they must be float32 and bfloat16 and of one shape");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sums<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* x = job->X, y = job->Y;
        var b = job->Narrow;
        var scale = TV.All(job->Scale);
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
            TV.MultiplyAdd(TV.LoadBFloat16((ushort*)b + i), scale, TV.Load(x + i)).Store(y + i);
        for (; i < end; i++)
            y[i] = x[i] + b[i].Wide * job->Scale;
    }

    private struct Job
    {
        public float* X, Y;
        public Bf16* Narrow;
        public long Count;
        public float Scale;
    }
}
