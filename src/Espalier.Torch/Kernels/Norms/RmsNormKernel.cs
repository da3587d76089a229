using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Norms;

/// <summary>Root-mean-square norm (arXiv 1910.07467) of the last dimension: y = x r w with r = 1 / √(mean of x² + ε).</summary>
internal static unsafe partial class RmsNormKernel
{
    private const string Name = "rms_norm";

    /// <summary>y, in float32 or rounded to bfloat16 once.</summary>
    public static Tensor Forward(Tensor x, Tensor weight, double epsilon, DType result = DType.Float32)
    {
        Check(x, weight);
        using var to = Operand.Result(result, x.Shape);
        if (x.ElementCount == 0)
            return to.Tensor;
        var n = x.Size(-1);
        using var from = Operand.InOrder(x);
        using var by = Operand.InOrder(weight);
        if (result == DType.Float32)
            Run(from.Floats, by.Floats, epsilon, x.ElementCount / n, n, to.Floats);
        else
            Run(from.Floats, by.Floats, epsilon, x.ElementCount / n, n, (Bf16*)to.Data);
        return to.Tensor;
    }

    /// <summary>The norm of rows of n; y may be x.</summary>
    public static void Run<TE>(float* x, float* weight, double epsilon, long rows, long n, TE* y) where TE : unmanaged
    {
        var job = new ForwardJob { X = x, Weight = weight, Y = y, N = n, Epsilon = epsilon };
        Workers.For(0, rows, Grain(n), Width.Of(&Rows<Floats512, TE>, &Rows<Floats256, TE>, &Rows<Floats128, TE>), &job);
    }

    private static void Check(Tensor x, Tensor weight)
    {
        if (x.Dimensions == 0 || weight.Dimensions != 1 || weight.Size(0) != x.Size(-1))
            throw Of(Name, $"x is {Sizes(x)} and weight {Sizes(weight)}, the weight must have the last dimension of x");
        if (x.DType != DType.Float32 || weight.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType} and weight {weight.DType}; both must be float32");
    }

    private static long Grain(long n) => Math.Max(1, 4096 / n);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (ForwardJob*)context;
        var n = job->N;
        var weight = job->Weight;
        for (var row = first; row < last; row++)
        {
            var x = job->X + row * n;
            var y = (TE*)job->Y + row * n;
            var r = Factor<TV>(x, n, job->Epsilon);
            var factor = TV.All(r);
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
                Element.Store(TV.Load(x + i) * factor * TV.Load(weight + i), y + i);
            for (; i < n; i++)
                Element.Set(y + i, x[i] * r * weight[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Factor<TV>(float* x, long n, double epsilon) where TV : unmanaged, IFloats<TV>
    {
        TV even = TV.All(0), odd = TV.All(0);
        var i = 0L;
        for (; i + 2 * TV.Lanes <= n; i += 2 * TV.Lanes)
        {
            Series.Ask(x + i + Series.Ahead);
            Series.Ask(x + i + TV.Lanes + Series.Ahead);
            TV a = TV.Load(x + i), b = TV.Load(x + i + TV.Lanes);
            even = TV.MultiplyAdd(a, a, even);
            odd = TV.MultiplyAdd(b, b, odd);
        }
        var squares = (even + odd).Sum();
        for (; i < n; i++)
            squares += x[i] * x[i];
        return (float)(1 / Math.Sqrt((double)squares / n + epsilon));
    }

    private struct ForwardJob
    {
        public float* X, Weight;
        public void* Y;
        public long N;
        public double Epsilon;
    }
}
