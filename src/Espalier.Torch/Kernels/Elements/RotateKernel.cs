using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// Rotary position embedding (arXiv 2104.09864) in the halves convention. The gradient is the turn back, with the sine's sign changed.
/// </summary>
internal static unsafe class RotateKernel
{
    private const string Name = "rotate";

    /// <summary>Turned heads in float32, of heads in float32 or bfloat16.</summary>
    public static Tensor Forward(Tensor x, Tensor cos, Tensor sin) => x.DType == DType.BFloat16
        ? Turn(x, cos, sin, 1, DType.Float32,
            Width.Of(&Positions<Floats512, Bf16, float>, &Positions<Floats256, Bf16, float>, &Positions<Floats128, Bf16, float>))
        : Turn(x, cos, sin, 1, DType.Float32, Plain);

    /// <summary>The gradient of x, in its type, out of that of the turned heads in float32.</summary>
    public static Tensor Backward(Tensor gradient, Tensor cos, Tensor sin, DType result) => result == DType.BFloat16
        ? Turn(gradient, cos, sin, -1, result,
            Width.Of(&Positions<Floats512, float, Bf16>, &Positions<Floats256, float, Bf16>, &Positions<Floats128, float, Bf16>))
        : Turn(gradient, cos, sin, -1, result, Plain);

    private static delegate*<long, long, void*, void> Plain =>
        Width.Of(&Positions<Floats512, float, float>, &Positions<Floats256, float, float>, &Positions<Floats128, float, float>);

    private static Tensor Turn(
        Tensor x, Tensor cos, Tensor sin, float sign, DType result, delegate*<long, long, void*, void> body)
    {
        Check(x, cos, sin);
        var (B, T, N, H) = (x.Size(0), x.Size(1), x.Size(2), x.Size(3));
        using var to = Operand.Result(result, B, T, N, H);
        using var from = Operand.InRows(x);
        using var c = Operand.InOrder(cos);
        using var s = Operand.InOrder(sin);
        var job = new Job
        {
            X = from.Data,
            Y = to.Data,
            Cos = c.Floats,
            Sin = s.Floats,
            T = T,
            N = N,
            H = H,
            Half = cos.Size(-1),
            Sign = sign,
            SampleStep = from.Step(0),
            PositionStep = from.Step(1),
            HeadStep = from.Step(2),
            Tables = cos.Dimensions == 4 ? B : 1,
        };
        Workers.For(0, B * T, 16, body, &job);
        return to.Tensor;
    }

    /// <summary>Turns rows of heads [rows, N, H] where they lie, by a row of cos and sin for each.</summary>
    public static void Run(float* x, float* cos, float* sin, long rows, long N, long H, long half)
    {
        var job = new Job { X = x, Y = x, Cos = cos, Sin = sin, T = rows, N = N, H = H, Half = half };
        (job.Sign, job.PositionStep, job.HeadStep, job.Tables) = (1, N * H, H, 1);
        Workers.For(0, rows, 16,
            Width.Of(&Positions<Floats512, float, float>, &Positions<Floats256, float, float>, &Positions<Floats128, float, float>), &job);
    }

    private static void Check(Tensor x, Tensor cos, Tensor sin)
    {
        if (x.Dimensions != 4)
            throw Of(Name, $"x has {x.Dimensions} dimensions; it must be [samples, positions, heads, entries]");
        if (x.DType is not (DType.Float32 or DType.BFloat16) || cos.DType != DType.Float32 || sin.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType}, cos {cos.DType} and sin {sin.DType}, the tables must be float32 and x that or bfloat16");
        var ownTables = cos.Dimensions == 4;
        if ((!ownTables && cos.Dimensions != 3) || !cos.Shape.SequenceEqual(sin.Shape) || cos.Size(-2) != 1 || cos.Size(-3) != x.Size(1)
            || (ownTables && cos.Size(0) != x.Size(0)) || 2 * cos.Size(-1) > x.Size(3))
            throw Of(
                Name, $"x is {Sizes(x)}, cos {Sizes(cos)} and sin {Sizes(sin)}, the tables "
                    + "must be [positions, 1, half] or [samples, positions, 1, half]");
    }

    // Entry i of a head turns with entry i + half; the entries after the two halves stay.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Positions<TV, TX, TY>(long first, long last, void* context)
        where TV : unmanaged, IFloats<TV> where TX : unmanaged where TY : unmanaged
    {
        var job = *(Job*)context;
        var (N, H, half) = (job.N, job.H, job.Half);
        var sign = TV.All(job.Sign);
        for (var position = first; position < last; position++)
        {
            var (sample, t) = (position / job.T, position % job.T);
            var table = (job.Tables == 1 ? t : position) * half;
            float* cos = job.Cos + table, sin = job.Sin + table;
            var x = (TX*)job.X + sample * job.SampleStep + t * job.PositionStep;
            var y = (TY*)job.Y + position * N * H;
            for (var head = 0L; head < N; head++, x += job.HeadStep, y += H)
            {
                var i = 0L;
                for (; i + TV.Lanes <= half; i += TV.Lanes)
                {
                    TV a = Element.Load<TV, TX>(x + i), b = Element.Load<TV, TX>(x + half + i), c = TV.Load(cos + i),
                    s = TV.Load(sin + i) * sign;
                    Element.Store(a * c - b * s, y + i);
                    Element.Store(b * c + a * s, y + half + i);
                }
                for (; i < half; i++)
                {
                    float a = Element.Get(x + i), b = Element.Get(x + half + i), s = sin[i] * job.Sign;
                    Element.Set(y + i, a * cos[i] - b * s);
                    Element.Set(y + half + i, b * cos[i] + a * s);
                }
                for (i = 2 * half; i < H; i++)
                    Element.Set(y + i, Element.Get(x + i));
            }
        }
    }

    private struct Job
    {
        public void* X, Y;
        public float* Cos, Sin;
        public long T, N, H, Half, SampleStep, PositionStep, HeadStep, Tables;
        public float Sign;
    }
}
