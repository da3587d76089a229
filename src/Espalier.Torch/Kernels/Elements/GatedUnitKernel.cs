using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>Gated units and their gradients, element by element.</summary>
/// <typeparam name="TU">The unit.</typeparam>
internal static unsafe class GatedUnitKernel<TU> where TU : struct, IGatedUnit
{
    private const int Line = 16; // floats of a cache line: two threads never write into one

    public static Tensor Forward(Tensor gate, Tensor up, double limit = double.PositiveInfinity)
    {
        Check(gate, up, limit);
        using var to = Operand.Result(gate.DType, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        if (gate.DType == DType.Float32)
            Run(a.Floats, b.Floats, gate.ElementCount, to.Floats, limit);
        else
            Run((Bf16*)a.Data, (Bf16*)b.Data, gate.ElementCount, (Bf16*)to.Data, limit);
        return to.Tensor;
    }

    /// <summary>The units of so many gates; y may be one of the two.</summary>
    public static void Run<TE>(TE* gate, TE* up, long count, TE* y, double limit = double.PositiveInfinity) where TE : unmanaged
    {
        var job = new Job { Gate = gate, Up = up, Y = y, Count = count, Limit = (float)limit };
        Workers.For(0, Lines(count), 256, Width.Of(&Units<Floats512, TE>, &Units<Floats256, TE>, &Units<Floats128, TE>), &job);
    }

    /// <summary>The gradients of gate and up out of that of y.</summary>
    public static (Tensor Gate, Tensor Up) Backward(Tensor gradient, Tensor gate, Tensor up, double limit = double.PositiveInfinity)
    {
        Check(gate, up, limit);
        Check(gate, gradient, limit);
        using var toGate = Operand.Result(gate.DType, gate.Shape);
        using var toUp = Operand.Result(gate.DType, gate.Shape);
        using var a = Operand.InOrder(gate);
        using var b = Operand.InOrder(up);
        using var dy = Operand.InOrder(gradient);
        var job = new Job { Gate = a.Data, Up = b.Data, Y = dy.Data, Count = gate.ElementCount, Limit = (float)limit };
        job.ToGate = toGate.Data;
        job.ToUp = toUp.Data;
        var body = gate.DType == DType.BFloat16
            ? Width.Of(&Gradients<Floats512, Bf16>, &Gradients<Floats256, Bf16>, &Gradients<Floats128, Bf16>)
            : Width.Of(&Gradients<Floats512, float>, &Gradients<Floats256, float>, &Gradients<Floats128, float>);
        Workers.For(0, Lines(job.Count), 256, body, &job);
        return (toGate.Tensor, toUp.Tensor);
    }

    private static void Check(Tensor gate, Tensor up, double limit)
    {
        if (!gate.Shape.SequenceEqual(up.Shape))
            throw Of(TU.Name, $"gate is {Sizes(gate)} and up {Sizes(up)}; they must have the same shape");
        if (gate.DType is not (DType.Float32 or DType.BFloat16) || up.DType != gate.DType)
            throw Of(TU.Name, $"gate is {gate.DType} and up {up.DType}; both must be float32 or both bfloat16");
        if (!(limit > 0))
            throw Of(TU.Name, $"a limit of {limit}; it must be above 0");
    }

    private static long Lines(long count) => (count + Line - 1) / Line;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Units<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* gate = (TE*)job->Gate, up = (TE*)job->Up, y = (TE*)job->Y;
        var (i, end, limit) = (first * Line, Math.Min(job->Count, last * Line), TV.All(job->Limit));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Element.Ask(gate + i);
            Element.Ask(up + i);
            Element.Store(TU.Of(Element.Load<TV, TE>(gate + i), Element.Load<TV, TE>(up + i), limit), y + i);
        }
        if (i < end)
            Tail.StoreOf(TU.Of(Tail.LoadOf<TV, TE>(gate + i, end - i), Tail.LoadOf<TV, TE>(up + i, end - i), limit), y + i, end - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradients<TV, TE>(long first, long last, void* context) where TV : unmanaged, IFloats<TV> where TE : unmanaged
    {
        var job = (Job*)context;
        TE* gate = (TE*)job->Gate, up = (TE*)job->Up, y = (TE*)job->Y, toGate = (TE*)job->ToGate, toUp = (TE*)job->ToUp;
        var (i, end, limit) = (first * Line, Math.Min(job->Count, last * Line), TV.All(job->Limit));
        for (; i + TV.Lanes <= end; i += TV.Lanes)
        {
            Element.Ask(gate + i);
            Element.Ask(up + i);
            Element.Ask(y + i);
            var (ofGate, ofUp) = TU.Slopes(
                Element.Load<TV, TE>(gate + i), Element.Load<TV, TE>(up + i), Element.Load<TV, TE>(y + i), limit);
            Element.Store(ofGate, toGate + i);
            Element.Store(ofUp, toUp + i);
        }
        if (i < end)
        {
            var (ofGate, ofUp) = TU.Slopes(Tail.LoadOf<TV, TE>(gate + i, end - i), Tail.LoadOf<TV, TE>(up + i, end - i),
                Tail.LoadOf<TV, TE>(y + i, end - i), limit);
            Tail.StoreOf(ofGate, toGate + i, end - i);
            Tail.StoreOf(ofUp, toUp + i, end - i);
        }
    }

    private struct Job
    {
        public void* Gate, Up, Y, ToGate, ToUp;
        public long Count;
        public float Limit;
    }
}
