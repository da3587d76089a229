using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Norms;

// With g = dy w: dx = r g − x r³ / n Σ g x, and dw = Σ dy x r over the rows.
internal static unsafe partial class RmsNormKernel
{
    /// <summary>The gradients of x and weight out of that of y; r is made again, from the same sums as in the forward pass.</summary>
    public static (Tensor X, Tensor Weight) Backward(Tensor gradient, Tensor x, Tensor weight, double epsilon)
    {
        Check(x, weight);
        if (!gradient.Shape.SequenceEqual(x.Shape) || gradient.DType is not (DType.Float32 or DType.BFloat16))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {Sizes(x)}");
        using var toX = Operand.Result(DType.Float32, x.Shape);
        using var toWeight = Operand.Result(DType.Float32, weight.Shape);
        var n = x.Size(-1);
        if (n == 0)
            return (toX.Tensor, toWeight.Tensor);
        var rows = x.ElementCount / n;
        var pieces = ColumnSums.Pieces(rows);
        using var from = Operand.InOrder(x);
        using var by = Operand.InOrder(weight);
        using var slope = Operand.InOrder(gradient);
        using var sums = Operand.Own(DType.Float64, pieces, n);
        var job = new BackwardJob
        {
            X = from.Floats,
            Weight = by.Floats,
            Slope = slope.Data,
            ToX = toX.Floats,
            Sums = sums.Doubles,
            N = n,
            Rows = rows,
            Epsilon = epsilon,
        };
        var body = gradient.DType == DType.BFloat16
            ? Width.Of(&BackwardPieces<Floats512, Bf16>, &BackwardPieces<Floats256, Bf16>, &BackwardPieces<Floats128, Bf16>)
            : Width.Of(&BackwardPieces<Floats512, float>, &BackwardPieces<Floats256, float>, &BackwardPieces<Floats128, float>);
        Workers.For(0, pieces, 1, body, &job);
        ColumnSums.AddUp(sums.Doubles, pieces, n, n, toWeight.Floats);
        return (toX.Tensor, toWeight.Tensor);
    }

    private static void BackwardPieces<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (BackwardJob*)context;
        for (var piece = first; piece < last; piece++)
        {
            var begin = piece * ColumnSums.PieceOf(job->Rows);
            var sums = job->Sums + piece * job->N;
            new Span<double>(sums, (int)job->N).Clear();
            BackwardRows<TV, TE>(job, begin, Math.Min(job->Rows, begin + ColumnSums.PieceOf(job->Rows)), sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRows<TV, TE>(BackwardJob* job, long begin, long end, double* sums)
        where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var n = job->N;
        var weight = job->Weight;
        for (var row = begin; row < end; row++)
        {
            float* x = job->X + row * n, dx = job->ToX + row * n;
            var dy = (TE*)job->Slope + row * n;
            var r = Factor<TV>(x, n, job->Epsilon);
            var along = TV.All(0);
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
                along = TV.MultiplyAdd(Element.Load<TV, TE>(dy + i) * TV.Load(weight + i), TV.Load(x + i), along);
            var dot = along.Sum();
            for (; i < n; i++)
                dot += Element.Get(dy + i) * weight[i] * x[i];
            var back = (float)((double)r * r * r * dot / n);
            TV factor = TV.All(r), minus = TV.All(-back);
            for (i = 0; i + TV.Lanes <= n; i += TV.Lanes)
            {
                TV slope = Element.Load<TV, TE>(dy + i), value = TV.Load(x + i);
                TV.MultiplyAdd(value, minus, slope * TV.Load(weight + i) * factor).Store(dx + i);
                (slope * value * factor).AddTo(sums + i);
            }
            for (; i < n; i++)
            {
                dx[i] = Element.Get(dy + i) * weight[i] * r - x[i] * back;
                sums[i] += Element.Get(dy + i) * x[i] * r;
            }
        }
    }

    private struct BackwardJob
    {
        public float* X, Weight, ToX;
        public void* Slope;
        public double* Sums;
        public long N, Rows;
        public double Epsilon;
    }
}
