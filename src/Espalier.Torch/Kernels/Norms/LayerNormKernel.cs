using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Norms;

/// <summary>
/// Layer norm of the last dimension: y = z (c + w) + b with z = (x − mean) r, r = 1 / √(variance + ε), where c is 1 for a weight that is
/// kept as its distance from one (Nemotron's LayerNorm1p) and else 0. With g = dy (c + w): dx = r (g − mean of g − z · mean of g z), dw =
/// Σ dy z and db = Σ dy over the rows.
/// </summary>
internal static unsafe class LayerNormKernel
{
    private const string Name = "layer_norm";

    public static Tensor Forward(Tensor x, Tensor weight, Tensor bias, double epsilon, float plus)
    {
        Check(x, weight, bias);
        using var to = Operand.Result(DType.Float32, x.Shape);
        if (x.ElementCount == 0)
            return to.Tensor;
        using var from = Operand.InOrder(x);
        using var by = Operand.InOrder(weight);
        using var shift = Operand.InOrder(bias);
        Run(from.Floats, by.Floats, shift.Floats, epsilon, plus, x.ElementCount / x.Size(-1), x.Size(-1), to.Floats);
        return to.Tensor;
    }

    /// <summary>The norm of rows of n; y may be x. What is added to the weight is <paramref name="plus"/>.</summary>
    public static void Run(float* x, float* weight, float* bias, double epsilon, float plus, long rows, long n, float* y)
    {
        var job = new Job { X = x, Weight = weight, Bias = bias, Y = y, N = n, Epsilon = epsilon, Plus = plus };
        Workers.For(0, rows, Math.Max(1, 4096 / n), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
    }

    /// <summary>The gradients of x, weight and bias out of that of y; mean and variance are made again.</summary>
    public static (Tensor X, Tensor Weight, Tensor Bias) Backward(
        Tensor gradient, Tensor x, Tensor weight, double epsilon, float plus)
    {
        Check(x, weight, weight);
        if (!gradient.Shape.SequenceEqual(x.Shape) || gradient.DType != DType.Float32)
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {Sizes(x)}");
        using var toX = Operand.Result(DType.Float32, x.Shape);
        using var toWeight = Operand.Result(DType.Float32, weight.Shape);
        using var toBias = Operand.Result(DType.Float32, weight.Shape);
        var n = x.Size(-1);
        if (n == 0)
            return (toX.Tensor, toWeight.Tensor, toBias.Tensor);
        var rows = x.ElementCount / n;
        var pieces = ColumnSums.Pieces(rows);
        using var from = Operand.InOrder(x);
        using var by = Operand.InOrder(weight);
        using var slope = Operand.InOrder(gradient);
        using var sums = Operand.Own(DType.Float64, pieces, 2 * n);
        var job = new Job
        {
            X = from.Floats,
            Weight = by.Floats,
            Y = slope.Floats,
            ToX = toX.Floats,
            Sums = sums.Doubles,
            N = n,
            Count = rows,
            Epsilon = epsilon,
            Plus = plus,
        };
        Workers.For(0, pieces, 1, Width.Of(&BackwardPieces<Floats512>, &BackwardPieces<Floats256>, &BackwardPieces<Floats128>), &job);
        ColumnSums.AddUp(sums.Doubles, pieces, 2 * n, n, toWeight.Floats);
        ColumnSums.AddUp(sums.Doubles + n, pieces, 2 * n, n, toBias.Floats);
        return (toX.Tensor, toWeight.Tensor, toBias.Tensor);
    }

    private static void Check(Tensor x, Tensor weight, Tensor bias)
    {
        if (x.Dimensions == 0 || weight.Dimensions != 1 || weight.Size(0) != x.Size(-1) || !weight.Shape.SequenceEqual(bias.Shape))
            throw Of(
                Name, $"x is {Sizes(x)}, weight {Sizes(weight)} and bias {Sizes(bias)}, weight and bias must have the last dimension of x");
        if (x.DType != DType.Float32 || weight.DType != DType.Float32 || bias.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType}, weight {weight.DType} and bias {bias.DType}; all must be float32");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var n = job->N;
        float* weight = job->Weight, bias = job->Bias;
        for (var row = first; row < last; row++)
        {
            float* x = job->X + row * n, y = job->Y + row * n;
            var (mean, r) = Moments<TV>(x, n, job->Epsilon);
            TV middle = TV.All(mean), factor = TV.All(r), one = TV.All(job->Plus);
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
                TV.MultiplyAdd((TV.Load(x + i) - middle) * factor, one + TV.Load(weight + i), TV.Load(bias + i)).Store(y + i);
            for (; i < n; i++)
                y[i] = (x[i] - mean) * r * (job->Plus + weight[i]) + bias[i];
        }
    }

    private static void BackwardPieces<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        for (var piece = first; piece < last; piece++)
        {
            var begin = piece * ColumnSums.PieceOf(job->Count);
            var sums = job->Sums + piece * 2 * job->N;
            new Span<double>(sums, (int)(2 * job->N)).Clear();
            BackwardRows<TV>(job, begin, Math.Min(job->Count, begin + ColumnSums.PieceOf(job->Count)), sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRows<TV>(Job* job, long begin, long end, double* sums) where TV : unmanaged, IFloats<TV>
    {
        var n = job->N;
        var weight = job->Weight;
        var biasSums = sums + n;
        for (var row = begin; row < end; row++)
        {
            float* x = job->X + row * n, dy = job->Y + row * n, dx = job->ToX + row * n;
            var (mean, r) = Moments<TV>(x, n, job->Epsilon);
            TV middle = TV.All(mean), factor = TV.All(r), one = TV.All(job->Plus), total = TV.All(0), along = TV.All(0);
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
            {
                var g = TV.Load(dy + i) * (one + TV.Load(weight + i));
                total += g;
                along = TV.MultiplyAdd(g, (TV.Load(x + i) - middle) * factor, along);
            }
            float sum = total.Sum(), dot = along.Sum();
            for (; i < n; i++)
            {
                var g = dy[i] * (job->Plus + weight[i]);
                sum += g;
                dot += g * ((x[i] - mean) * r);
            }
            float meanG = sum / n, meanGz = dot / n;
            TV minus = TV.All(meanG), minusZ = TV.All(meanGz);
            for (i = 0; i + TV.Lanes <= n; i += TV.Lanes)
            {
                TV slope = TV.Load(dy + i), z = (TV.Load(x + i) - middle) * factor;
                (factor * (slope * (one + TV.Load(weight + i)) - minus - z * minusZ)).Store(dx + i);
                (slope * z).AddTo(sums + i);
                slope.AddTo(biasSums + i);
            }
            for (; i < n; i++)
            {
                var z = (x[i] - mean) * r;
                dx[i] = r * (dy[i] * (job->Plus + weight[i]) - meanG - z * meanGz);
                sums[i] += dy[i] * z;
                biasSums[i] += dy[i];
            }
        }
    }

    // Mean and 1 / √(variance + ε), the second from the distances to the first.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Mean, float Factor) Moments<TV>(float* x, long n, double epsilon) where TV : unmanaged, IFloats<TV>
    {
        var total = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
        {
            Series.Ask(x + i + Series.Ahead);
            total += TV.Load(x + i);
        }
        var sum = total.Sum();
        for (; i < n; i++)
            sum += x[i];
        var mean = sum / n;
        TV middle = TV.All(mean), squares = TV.All(0);
        for (i = 0; i + TV.Lanes <= n; i += TV.Lanes)
        {
            var apart = TV.Load(x + i) - middle;
            squares = TV.MultiplyAdd(apart, apart, squares);
        }
        var variance = squares.Sum();
        for (; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean);
        return (mean, (float)(1 / Math.Sqrt((double)variance / n + epsilon)));
    }

    private struct Job
    {
        public float* X, Weight, Bias, Y, ToX; // Y: backward, the gradient of y
        public double* Sums;
        public long N, Count;
        public double Epsilon;
        public float Plus;
    }
}
