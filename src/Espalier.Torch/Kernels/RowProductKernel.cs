using System.Runtime.CompilerServices;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels;

/// <summary>
/// One row times a matrix, y = x Wᵀ + b: what a generated token asks of every weight. A general product packs the weights first; this reads
/// each once, side by side. Each output is one sum in a fixed order, whatever the number of threads.
/// </summary>
internal static unsafe class RowProductKernel
{
    /// <summary>Weights below which a second thread costs more to wake than it saves.</summary>
    private const long EnoughWeights = 1 << 20;

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
        var job = new Job { X = from.Floats, Weight = by.Floats, Bias = bias is null ? null : plus.Floats, Y = to.Floats, K = k };
        Workers.For(0, n, Math.Max(1, EnoughWeights / k), Width.Of(&Outputs<Floats512>, &Outputs<Floats256>, &Outputs<Floats128>), &job);
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Outputs<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        for (var output = first; output < last; output++)
        {
            var sum = Dot<TV>(job.X, job.Weight + output * job.K, job.K);
            job.Y[output] = job.Bias is null ? sum : sum + job.Bias[output];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Dot<TV>(float* x, float* w, long k) where TV : unmanaged, IFloats<TV>
    {
        TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0);
        var i = 0L;
        for (; i + 4 * TV.Lanes <= k; i += 4 * TV.Lanes)
        {
            a = TV.MultiplyAdd(TV.Load(x + i), TV.Load(w + i), a);
            b = TV.MultiplyAdd(TV.Load(x + i + TV.Lanes), TV.Load(w + i + TV.Lanes), b);
            c = TV.MultiplyAdd(TV.Load(x + i + 2 * TV.Lanes), TV.Load(w + i + 2 * TV.Lanes), c);
            d = TV.MultiplyAdd(TV.Load(x + i + 3 * TV.Lanes), TV.Load(w + i + 3 * TV.Lanes), d);
        }
        for (; i + TV.Lanes <= k; i += TV.Lanes)
            a = TV.MultiplyAdd(TV.Load(x + i), TV.Load(w + i), a);
        var sum = (a + b + (c + d)).Sum();
        for (; i < k; i++)
            sum += x[i] * w[i];
        return sum;
    }

    private struct Job
    {
        public float* X, Weight, Bias, Y;
        public long K;
    }
}
