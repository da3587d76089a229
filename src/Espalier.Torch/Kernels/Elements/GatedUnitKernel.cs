using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// The gated units of arXiv 2002.05202, y = o σ(a) u with functions o and a of the gate g, and their gradients,
/// dg = dy u σ(a) (o′ + o a′ (1 − σ(a))) and du = dy o σ(a).
/// </summary>
/// <typeparam name="TG">The functions of the gate: <see cref="SiluGate"/>, <see cref="GeluGate"/> or <see cref="SigmoidGate"/>.</typeparam>
internal static unsafe class GatedUnitKernel<TG> where TG : struct, IGate
{
    private const int Line = 16; // floats of a cache line: two threads never write into one

    public static Tensor Forward(Tensor gate, Tensor up)
    {
        Check(gate, up);
        using var to = Operand.Result(gate.DType, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        if (gate.DType == DType.Float32)
            Run(a.Floats, b.Floats, gate.ElementCount, to.Floats);
        else
            Run((Bf16*)a.Data, (Bf16*)b.Data, gate.ElementCount, (Bf16*)to.Data);
        return to.Tensor;
    }

    /// <summary>The units of so many gates; y may be one of the two.</summary>
    public static void Run<TE>(TE* gate, TE* up, long count, TE* y) where TE : unmanaged
    {
        var job = new Job { Gate = gate, Up = up, Y = y, Count = count };
        Workers.For(0, Lines(count), 256, Width.Of(&Gated<Floats512, TE>, &Gated<Floats256, TE>, &Gated<Floats128, TE>), &job);
    }

    /// <summary>The gradients of gate and up out of that of y.</summary>
    public static (Tensor Gate, Tensor Up) Backward(Tensor gradient, Tensor gate, Tensor up)
    {
        Check(gate, up);
        Check(gate, gradient);
        using var toGate = Operand.Result(gate.DType, gate.Shape);
        using var toUp = Operand.Result(gate.DType, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        using var dy = Operand.InOrder(gradient);
        var job = new Job { Gate = a.Data, Up = b.Data, Y = dy.Data, Count = gate.ElementCount };
        job.ToGate = toGate.Data;
        job.ToUp = toUp.Data;
        var body = gate.DType == DType.BFloat16
            ? Width.Of(&Gradients<Floats512, Bf16>, &Gradients<Floats256, Bf16>, &Gradients<Floats128, Bf16>)
            : Width.Of(&Gradients<Floats512, float>, &Gradients<Floats256, float>, &Gradients<Floats128, float>);
        Workers.For(0, Lines(job.Count), 256, body, &job);
        return (toGate.Tensor, toUp.Tensor);
    }

    private static void Check(Tensor gate, Tensor up)
    {
        if (!gate.Shape.SequenceEqual(up.Shape))
            throw Of(TG.Name, $"gate is {Sizes(gate)} and up {Sizes(up)}, they must be of one shape");
        if (gate.DType is not (DType.Float32 or DType.BFloat16) || up.DType != gate.DType)
            throw Of(TG.Name, $"gate is {gate.DType} and up {up.DType}, both must be float32 or both bfloat16");
    }

    private static long Lines(long count) => (count + Line - 1) / Line;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gated<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* gate = (TE*)job->Gate, up = (TE*)job->Up, y = (TE*)job->Y;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Element.Ask(gate + i);
            Element.Ask(up + i);
            Element.Store(Unit(Element.Load<TV, TE>(gate + i), Element.Load<TV, TE>(up + i)), y + i);
        }
        if (i < end)
            Tail.StoreOf(Unit(Tail.LoadOf<TV, TE>(gate + i, end - i), Tail.LoadOf<TV, TE>(up + i, end - i)), y + i, end - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradients<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* gate = (TE*)job->Gate, up = (TE*)job->Up, y = (TE*)job->Y, toGate = (TE*)job->ToGate, toUp = (TE*)job->ToUp;
        var (i, end) = (first * Line, Math.Min(job->Count, last * Line));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Element.Ask(gate + i);
            Element.Ask(up + i);
            Element.Ask(y + i);
            var (ofGate, ofUp) = Slopes(Element.Load<TV, TE>(gate + i), Element.Load<TV, TE>(up + i), Element.Load<TV, TE>(y + i));
            Element.Store(ofGate, toGate + i);
            Element.Store(ofUp, toUp + i);
        }
        if (i < end)
        {
            var (ofGate, ofUp) =
                Slopes(Tail.LoadOf<TV, TE>(gate + i, end - i), Tail.LoadOf<TV, TE>(up + i, end - i), Tail.LoadOf<TV, TE>(y + i, end - i));
            Tail.StoreOf(ofGate, toGate + i, end - i);
            Tail.StoreOf(ofUp, toUp + i, end - i);
        }
    }

    /// <summary>o σ(a) u of a vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static TV Unit<TV>(TV gate, TV up)
        where TV : unmanaged, IFloats<TV> =>
        TG.Outer(gate) / (TV.All(1) + TV.Exponential(TV.All(0) - TG.Inner(gate))) * up;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TV Gate, TV Up) Slopes<TV>(TV gate, TV up, TV dy) where TV : unmanaged, IFloats<TV>
    {
        var sigmoid = Series.Sigmoid(TG.Inner(gate));
        return (dy * up * sigmoid * TV.MultiplyAdd(TG.OuterTimesSlope(gate), TV.All(1) - sigmoid, TV.All(TG.OuterSlope)),
            dy * TG.Outer(gate) * sigmoid);
    }

    private struct Job
    {
        public void* Gate, Up, Y, ToGate, ToUp;
        public long Count;
    }
}
