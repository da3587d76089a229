using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Mamba;

/// <summary>
/// A causal convolution of each channel over time, and SiLU: y_t = silu(b + Σ_k w_k x_{t−K+1+k}). Positions before a token's document are
/// zeros; those before the row are a state's.
/// </summary>
internal static unsafe partial class ConvolutionKernel
{
    private const string Name = "causal_convolution";

    // Channels that go through together: their weights stay in the nearest cache. Rows likewise.
    private const long Channels = 512, Block = 32;

    /// <summary>y, [B, T, C].</summary>
    /// <param name="x">[B, T, C].</param>
    /// <param name="weight">[C, K].</param>
    /// <param name="bias">[C], or null.</param>
    /// <param name="begins">The position at which each token's document begins, Int64 [B, T], or null.</param>
    /// <param name="state">The inputs before the first, [B, K − 1, C], or null for zeros.</param>
    public static Tensor Forward(Tensor x, Tensor weight, Tensor? bias, Tensor? begins, Tensor? state)
    {
        Check(x, weight, bias, begins, state);
        using var to = Operand.Result(DType.Float32, x.Shape);
        if (x.ElementCount == 0)
            return to.Tensor;
        using var turned = Turned(weight);
        using Operand from = Operand.InRows(x), add = Operand.InOrder(bias ?? weight), before = Operand.InRows(state ?? x);
        using var documents = begins is null ? Operand.Of(x) : Operand.InOrder(begins);
        var job = Job(x, weight, from, turned);
        job.Bias = bias is null ? null : add.Floats;
        job.Begins = begins is null ? null : documents.Longs;
        if (begins is not null)
            MustBegin(Name, job.Begins, job.B, job.T);
        job.State = state is null ? default : RowView.Of(before);
        job.Y = to.Floats;
        Workers.For(0, job.B * job.T, Math.Max(1, 4096 / job.C), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
        return to.Tensor;
    }

    private static ConvolutionJob Job(Tensor x, Tensor weight, in Operand from, in Operand turned) => new()
    {
        X = RowView.Of(from),
        Weight = turned.Floats,
        B = x.Size(0),
        T = x.Size(1),
        C = x.Size(2),
        K = weight.Size(1),
    };

    // [K, C]: channels side by side.
    private static Operand Turned(Tensor weight)
    {
        var (C, K) = (weight.Size(0), weight.Size(1));
        var turned = Operand.Own(DType.Float32, K, C);
        using var from = Operand.InOrder(weight);
        for (var c = 0L; c < C; c++)
            for (var k = 0L; k < K; k++)
                turned.Floats[k * C + c] = from.Floats[c * K + k];
        return turned;
    }

    private static void Check(Tensor x, Tensor weight, Tensor? bias, Tensor? begins, Tensor? state)
    {
        if (x.Dimensions != 3 || weight.Dimensions != 2 || weight.Size(0) != x.Size(2) || weight.Size(1) < 1)
            throw Of(Name,
                $"x is {Sizes(x)} and weight {Sizes(weight)}, which must be [samples, positions, channels] and [channels, taps]");
        if (x.DType != DType.Float32 || weight.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType} and weight {weight.DType}; both must be float32");
        if (bias is not null && (bias.DType != DType.Float32 || !bias.Shape.SequenceEqual([x.Size(2)])))
            throw Of(Name, $"the bias is {bias.DType} {Sizes(bias)}; it must be float32 of {x.Size(2)} channels");
        if (begins is not null && (begins.DType != DType.Int64 || !begins.Shape.SequenceEqual(x.Shape[..2])))
            throw Of(Name, $"the documents' beginnings are {begins.DType} {Sizes(begins)}; they must be int64 of samples and positions");
        if (state is not null
            && (state.DType != DType.Float32 || !state.Shape.SequenceEqual([x.Size(0), weight.Size(1) - 1, x.Size(2)])
                || begins is not null))
            throw Of(
                Name, $"the state is {state.DType} {Sizes(state)}; it must be float32 of samples, taps less one and channels, and "
                    + "continues one text a row");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (ConvolutionJob*)context;
        var C = job->C;
        for (var begin = 0L; begin < C; begin += Channels)
        {
            var end = Math.Min(C, begin + Channels);
            for (var row = first; row < last; row++)
            {
                var (b, t) = (row / job->T, row % job->T);
                var y = job->Y + row * C;
                var low = job->Low(b, t);
                var i = begin;
                for (; i + TV.Lanes <= end; i += TV.Lanes)
                {
                    var sum = job->Bias == null ? TV.All(0) : TV.Load(job->Bias + i);
                    for (var k = low; k < job->K; k++)
                        sum = TV.MultiplyAdd(TV.Load(job->Weight + k * C + i), TV.Load(job->Source(b, t, k) + i), sum);
                    (sum * Series.Sigmoid(sum)).Store(y + i);
                }
                if (i < end)
                {
                    var sum = job->Bias == null ? TV.All(0) : Tail.Load<TV>(job->Bias + i, end - i);
                    for (var k = low; k < job->K; k++)
                        sum = TV.MultiplyAdd(
                            Tail.Load<TV>(job->Weight + k * C + i, end - i), Tail.Load<TV>(job->Source(b, t, k) + i, end - i), sum);
                    Tail.Store(sum * Series.Sigmoid(sum), y + i, end - i);
                }
            }
        }
    }
}

internal unsafe struct ConvolutionJob
{
    public RowView X;

    /// <summary>Inputs before the first; its memory is null where there are none.</summary>
    public RowView State;

    /// <summary>[K, C].</summary>
    public float* Weight;

    /// <summary>[C], or null.</summary>
    public float* Bias;

    public float* Y;
    public long* Begins;

    // Backward: gradient of the output and of x, in order; sums of each piece of rows, [pieces, K + 1, C], the last of the bias.
    public float* Slope, ToX;
    public double* Sums;

    public long B, T, C, K;

    /// <summary>The first tap of a token that reads something.</summary>
    public readonly long Low(long b, long t)
    {
        if (State.First != null)
            return 0;
        var begin = Begins == null ? 0 : Begins[b * T + t];
        return Math.Max(0, K - 1 - (t - begin));
    }

    /// <summary>What a tap of a token reads.</summary>
    public readonly float* Source(long b, long t, long k) => t - K + 1 + k is var at && at < 0 ? State.At(b, at + K - 1) : X.At(b, at);
}
