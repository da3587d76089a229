using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Losses;

/// <summary>The loss of one token out of a row of logits, log Σ exp(logits) − logits[target], in one read from memory.</summary>
internal static unsafe class TokenNllKernel
{
    private const string Name = "token_nll";

    public static Tensor Forward(Tensor logits, Tensor targets)
    {
        Check(logits, targets);
        var (rows, n) = (logits.Size(0), logits.Size(1));
        using var to = Operand.Result(DType.Float32, rows);
        using var from = Operand.InOrder(logits);
        using var wanted = Operand.InOrder(targets);
        CheckIds(Name, wanted.Longs, rows, n);
        var job = new Job { Logits = from.Floats, Targets = wanted.Longs, Losses = to.Floats, N = n };
        Workers.For(0, rows, Math.Max(1, 16384 / Math.Max(1, n)), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
        return to.Tensor;
    }

    /// <summary>Refuses an id that is not in the vocabulary.</summary>
    public static void CheckIds(string name, long* ids, long count, long vocabulary)
    {
        for (var i = 0L; i < count; i++)
            if ((ulong)ids[i] >= (ulong)vocabulary)
                throw Of(name, $"target {ids[i]} at {i} is not in the vocabulary of {vocabulary}");
    }

    private static void Check(Tensor logits, Tensor targets)
    {
        if (logits.Dimensions != 2 || targets.Dimensions != 1 || targets.Size(0) != logits.Size(0))
            throw Of(
                Name, $"logits are {Sizes(logits)} and targets {Sizes(targets)}; they must be [positions, vocabulary] and [positions]");
        if (logits.DType != DType.Float32 || targets.DType != DType.Int64)
            throw Of(Name, $"logits are {logits.DType} and targets {targets.DType}; they must be float32 and int64");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        for (var row = first; row < last; row++)
        {
            var x = job.Logits + row * job.N;
            var top = LogitRows.Top<TV>(x, job.N);
            var sum = LogitRows.SumOfExponentials<TV>(x, top, job.N);
            job.Losses[row] = (float)(Math.Log(sum) + ((double)top - x[job.Targets[row]]));
        }
    }

    private struct Job
    {
        public float* Logits, Losses;
        public long* Targets;
        public long N;
    }
}
