using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Mamba;

// With z the convolution and s = dy silu′(z), made again: dx_t = Σ_k w_k s_{t+K−1−k}, dw_k = Σ_t s_t x_{t−K+1+k} and db = Σ s.
internal static unsafe partial class ConvolutionKernel
{
    /// <summary>The gradients of x, weight and bias out of that of y; a bias that is not there has none.</summary>
    public static (Tensor X, Tensor Weight, Tensor? Bias) Backward(Tensor gradient, Tensor x, Tensor weight, Tensor? bias, Tensor? begins)
    {
        Check(x, weight, bias, begins, null);
        if (gradient.DType != DType.Float32 || !gradient.Shape.SequenceEqual(x.Shape))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {Sizes(x)}");
        using Operand toX = Operand.Result(DType.Float32, x.Shape), toWeight = Operand.Result(DType.Float32, weight.Shape);
        using var toBias = Operand.Result(DType.Float32, bias is null ? 0 : bias.Size(0));
        var made = (toX.Tensor, toWeight.Tensor, bias is null ? null : toBias.Tensor);
        if (x.ElementCount == 0)
        {
            toWeight.Clear();
            toBias.Clear();
            return made;
        }
        using var turned = Turned(weight);
        using Operand from = Operand.InRows(x), add = Operand.InOrder(bias ?? weight), slope = Operand.InOrder(gradient);
        using var documents = begins is null ? Operand.Of(x) : Operand.InOrder(begins);
        var job = Job(x, weight, from, turned);
        job.Bias = bias is null ? null : add.Floats;
        job.Begins = begins is null ? null : documents.Longs;
        job.Slope = slope.Floats;
        job.ToX = toX.Floats;
        var (rows, length) = (job.B * job.T, (job.K + 1) * job.C);
        var pieces = ColumnSums.Pieces(rows);
        using Operand sums = Operand.Own(DType.Float64, pieces, length), added = Operand.Own(DType.Float32, length);
        job.Sums = sums.Doubles;
        Workers.For(0, pieces, 1, Width.Of(&Pieces<Floats512>, &Pieces<Floats256>, &Pieces<Floats128>), &job);
        ColumnSums.AddUp(sums.Doubles, pieces, length, length, added.Floats);
        for (var c = 0L; c < job.C; c++)
            for (var k = 0L; k < job.K; k++)
                toWeight.Floats[c * job.K + k] = added.Floats[k * job.C + c];
        if (bias is not null)
            new Span<float>(added.Floats + job.K * job.C, (int)job.C).CopyTo(new(toBias.Floats, (int)job.C));
        return made;
    }

    private static void Pieces<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (ConvolutionJob*)context;
        var rows = job->B * job->T;
        for (var piece = first; piece < last; piece++)
        {
            var sums = job->Sums + piece * (job->K + 1) * job->C;
            new Span<double>(sums, (int)((job->K + 1) * job->C)).Clear();
            var end = Math.Min(rows, (piece + 1) * ColumnSums.PieceOf(rows));
            // Some rows of one sample at a time.
            for (long row = piece * ColumnSums.PieceOf(rows), next; row < end; row = next)
            {
                next = Math.Min(Math.Min(end, row + Block), (row / job->T + 1) * job->T);
                for (var channel = 0L; channel < job->C; channel += Channels)
                    Some<TV>(job, row / job->T, row % job->T, next - row, channel, Math.Min(job->C, channel + Channels), sums);
            }
        }
    }

    // Rows [t, t + rows) of a sample; s of those and of the K − 1 after them is in the scratch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Some<TV>(ConvolutionJob* job, long b, long t, long rows, long begin, long end, double* sums)
        where TV : unmanaged, IFloats<TV>
    {
        var (C, K, T) = (job->C, job->K, job->T);
        var s = Scratch.Of((Block + K) * (Channels + 2));
        var lows = (long*)(s + (Block + K) * Channels);
        var known = Math.Min(T - t, rows + K - 1);
        for (var r = 0L; r < known; r++)
        {
            lows[r] = job->Low(b, t + r);
            Slopes<TV>(job, b, t + r, begin, end, s + r * Channels);
        }
        for (var i = begin; i < end; i += TV.Lanes)
        {
            var there = Math.Min(TV.Lanes, end - i);
            var at = s + i - begin;
            for (var r = 0L; r < rows; r++)
            {
                var sum = TV.All(0);
                for (var k = Math.Max(0, K - 1 - (known - 1 - r)); k < K; k++)
                    if (lows[r + K - 1 - k] <= k)
                        sum = TV.MultiplyAdd(Some<TV>(job->Weight + k * C + i, there), TV.Load(at + (r + K - 1 - k) * Channels), sum);
                Put(sum, job->ToX + (b * T + t + r) * C + i, there);
            }
            for (var k = 0L; k <= K; k++)
            {
                var sum = TV.All(0);
                for (var r = 0L; r < rows; r++)
                {
                    var slope = TV.Load(at + r * Channels);
                    if (k == K)
                        sum += slope;
                    else if (lows[r] <= k)
                        sum = TV.MultiplyAdd(slope, Some<TV>(job->Source(b, t + r, k) + i, there), sum);
                }
                AddTo(sum, sums + k * C + i, there);
            }
        }
    }

    // dy silu′(z) of a token, zeros up to the vector's end.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Slopes<TV>(ConvolutionJob* job, long b, long t, long begin, long end, float* to) where TV : unmanaged, IFloats<TV>
    {
        var (C, low) = (job->C, job->Low(b, t));
        for (var i = begin; i < end; i += TV.Lanes)
        {
            var there = Math.Min(TV.Lanes, end - i);
            var z = job->Bias == null ? TV.All(0) : Some<TV>(job->Bias + i, there);
            for (var k = low; k < job->K; k++)
                z = TV.MultiplyAdd(Some<TV>(job->Weight + k * C + i, there), Some<TV>(job->Source(b, t, k) + i, there), z);
            var sigmoid = Series.Sigmoid(z);
            var slope = sigmoid * TV.MultiplyAdd(z, TV.All(1) - sigmoid, TV.All(1));
            (slope * Some<TV>(job->Slope + (b * job->T + t) * C + i, there)).Store(to + i - begin);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Some<TV>(float* from, long there) where TV : unmanaged, IFloats<TV> =>
        there == TV.Lanes ? TV.Load(from) : Tail.Load<TV>(from, there);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TV>(TV x, float* to, long there) where TV : unmanaged, IFloats<TV>
    {
        if (there == TV.Lanes)
            x.Store(to);
        else
            Tail.Store(x, to, there);
    }

    private static void AddTo<TV>(TV x, double* to, long there) where TV : unmanaged, IFloats<TV>
    {
        if (there == TV.Lanes)
        {
            x.AddTo(to);
            return;
        }
        var lanes = stackalloc float[16];
        x.Store(lanes);
        for (var i = 0L; i < there; i++)
            to[i] += lanes[i];
    }
}
