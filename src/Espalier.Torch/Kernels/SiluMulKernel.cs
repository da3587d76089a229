using System.Runtime.CompilerServices;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels;

/// <summary>
/// The gated unit of SwiGLU (arXiv 2002.05202), y = g σ(g) u, and its gradients, dg = dy u σ(g) (1 + g (1 − σ(g))) and du = dy g σ(g).
/// </summary>
internal static unsafe class SiluMulKernel
{
    private const string Name = "silu_mul";
    private const int Line = 16; // floats of a cache line: two threads never write into one

    public static Tensor Forward(Tensor gate, Tensor up)
    {
        Check(gate, up);
        using var to = Operand.Result(DType.Float32, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        Run(a.Floats, b.Floats, gate.ElementCount, to.Floats);
        return to.Tensor;
    }

    /// <summary>The units of so many gates; y may be one of the two.</summary>
    public static void Run(float* gate, float* up, long count, float* y)
    {
        var job = new Job { Gate = gate, Up = up, Y = y, Count = count };
        Workers.For(0, Lines(count), 256, Width.Of(&Gated<Floats512>, &Gated<Floats256>, &Gated<Floats128>), &job);
    }

    /// <summary>The gradients of gate and up out of that of y.</summary>
    public static (Tensor Gate, Tensor Up) Backward(Tensor gradient, Tensor gate, Tensor up)
    {
        Check(gate, up);
        Check(gate, gradient);
        using var toGate = Operand.Result(DType.Float32, gate.Shape);
        using var toUp = Operand.Result(DType.Float32, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        using var dy = Operand.InOrder(gradient);
        var job = new Job { Gate = a.Floats, Up = b.Floats, Y = dy.Floats, Count = gate.ElementCount };
        job.ToGate = toGate.Floats;
        job.ToUp = toUp.Floats;
        Workers.For(0, Lines(job.Count), 256, Width.Of(&Gradients<Floats512>, &Gradients<Floats256>, &Gradients<Floats128>), &job);
        return (toGate.Tensor, toUp.Tensor);
    }

    private static void Check(Tensor gate, Tensor up)
    {
        if (!gate.Shape.SequenceEqual(up.Shape))
            throw Of(Name, $"gate is {Sizes(gate)} and up {Sizes(up)}, they must be of one shape");
        if (gate.DType != DType.Float32 || up.DType != DType.Float32)
            throw Of(Name, $"gate is {gate.DType} and up {up.DType}, both must be float32");
    }

    private static long Lines(long count) => (count + Line - 1) / Line;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gated<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* gate = job->Gate, up = job->Up, y = job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Series.Ask(gate + i + Series.Ahead);
            Series.Ask(up + i + Series.Ahead);
            Unit(TV.Load(gate + i), TV.Load(up + i)).Store(y + i);
        }
        if (i < end)
            Tail.Store(Unit(Tail.Load<TV>(gate + i, end - i), Tail.Load<TV>(up + i, end - i)), y + i, end - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradients<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* gate = job->Gate, up = job->Up, y = job->Y, toGate = job->ToGate, toUp = job->ToUp;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Series.Ask(gate + i + Series.Ahead);
            Series.Ask(up + i + Series.Ahead);
            Series.Ask(y + i + Series.Ahead);
            var (ofGate, ofUp) = Slopes(TV.Load(gate + i), TV.Load(up + i), TV.Load(y + i));
            ofGate.Store(toGate + i);
            ofUp.Store(toUp + i);
        }
        if (i < end)
        {
            var (ofGate, ofUp) = Slopes(Tail.Load<TV>(gate + i, end - i), Tail.Load<TV>(up + i, end - i), Tail.Load<TV>(y + i, end - i));
            Tail.Store(ofGate, toGate + i, end - i);
            Tail.Store(ofUp, toUp + i, end - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Unit<TV>(TV gate, TV up)
        where TV : unmanaged, IFloats<TV> =>
        gate / (TV.All(1) + TV.Exponential(TV.All(0) - gate)) * up;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TV Gate, TV Up) Slopes<TV>(TV gate, TV up, TV dy) where TV : unmanaged, IFloats<TV>
    {
        var sigmoid = Series.Sigmoid(gate);
        return (dy * up * sigmoid * TV.MultiplyAdd(gate, TV.All(1) - sigmoid, TV.All(1)), dy * gate * sigmoid);
    }

    private struct Job
    {
        public float* Gate, Up, Y, ToGate, ToUp;
        public long Count;
    }
}
