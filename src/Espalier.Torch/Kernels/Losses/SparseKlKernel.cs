using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Losses;

/// <summary>
/// Forward KL against some entries of the teacher's distributions, with its gradient made on the way. What the student gives all other
/// entries together is a sum over these alone, around their own largest logit: where 1 − Q would be 0 in float32 it still has its
/// logarithm.
/// </summary>
internal static unsafe class SparseKlKernel
{
    /// <summary>The losses, [C]; student logits [C, V] are overwritten with their gradient.</summary>
    public static Tensor Run(Tensor student, Tensor ids, Tensor weights, Tensor? logTail, Tensor? entropy, double temperature)
    {
        const string name = "sparse_kl";
        var (C, n, K) = (student.Size(0), student.Size(1), ids.Size(1));
        if (ids.Size(0) != C || !ids.Shape.SequenceEqual(weights.Shape) || (logTail ?? entropy) is { } beside && beside.ElementCount != C)
            throw Of(
                name,
                $"logits are {Sizes(student)}, ids {Sizes(ids)} and weights {Sizes(weights)}; they must be [C, V], [C, K] and [C, K]");
        using var to = Operand.Result(DType.Float32, C);
        using var s = Operand.Of(student);
        using var which = Operand.InOrder(ids);
        using var weigh = Operand.InOrder(weights);
        using var rest = Operand.InOrder(logTail ?? entropy ?? to.Tensor);
        TokenNllKernel.CheckIds(name, which.Longs, C * K, n);
        var job = new Job
        {
            Student = s.Floats,
            StudentRow = s.Step(0),
            Losses = to.Floats,
            Ids = which.Longs,
            Weights = weigh.Floats,
            Tail = logTail is null ? null : rest.Floats,
            Entropy = logTail is null && entropy is not null ? rest.Floats : null,
            N = n,
            K = K,
            Inverse = (float)(1 / temperature),
        };
        Workers.For(0, C, Math.Max(1, 16384 / Math.Max(1, n)), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
        student.Written();
        return to.Tensor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var (n, K) = (job->N, job->K);
        var kept = (double*)Scratch.Of(2 * K + 16);
        for (var row = first; row < last; row++)
        {
            float* s = job->Student + row * job->StudentRow, weights = job->Weights + row * K;
            var ids = job->Ids + row * K;
            if (job->Inverse != 1)
                LogitRows.Scale<TV>(s, job->Inverse, n);
            var top = LogitRows.Top<TV>(s, n);
            for (var k = 0L; k < K; k++)
                kept[k] = (double)s[ids[k]] - top;
            job->Losses[row] = (float)(job->Tail is null
                ? Drawn<TV>(job, s, ids, weights, kept, top, row)
                : WithTail<TV>(job, s, ids, weights, kept, top, row));
            for (var k = 0L; k < K; k++)
                s[ids[k]] -= weights[k] * job->Inverse;
        }
    }

    // −Σ w log q − H; gradient (Σw) q − w.
    private static double Drawn<TV>(Job* job, float* s, long* ids, float* weights, double* kept, float top, long row)
        where TV : unmanaged, IFloats<TV>
    {
        var sum = LogitRows.Exponentials<TV>(s, top, job->N);
        var (weight, along, log) = (0.0, 0.0, Math.Log(sum));
        for (var k = 0L; k < job->K; k++)
        {
            weight += weights[k];
            along += weights[k] == 0 ? 0 : weights[k] * (log - kept[k]);
        }
        LogitRows.Scale<TV>(s, (float)(weight / sum * job->Inverse), job->N);
        return along - (job->Entropy is null ? 0 : job->Entropy[row]);
    }

    // Σ_K p log(p/q) + (1−P) log((1−P)/(1−Q)); gradient q − p on K and q (1 − (1−P)/(1−Q)) elsewhere.
    private static double WithTail<TV>(Job* job, float* s, long* ids, float* weights, double* kept, float top, long row)
        where TV : unmanaged, IFloats<TV>
    {
        var (n, K) = (job->N, job->K);
        for (var k = 0L; k < K; k++)
            s[ids[k]] = float.NegativeInfinity;
        var others = LogitRows.Top<TV>(s, n);
        // A student that gives its kept entries all has no tail to divide.
        var isNone = others == float.NegativeInfinity;
        var tail = isNone ? 0 : LogitRows.Exponentials<TV>(s, others, n);
        var shift = isNone ? 0 : (double)others - top;
        var sum = tail * Math.Exp(shift);
        for (var k = 0L; k < K; k++)
            sum += Math.Exp(kept[k]);

        double log = Math.Log(sum), logTailP = job->Tail[row], tailP = Math.Exp(logTailP);
        if (isNone)
            new Span<float>(s, checked((int)n)).Clear();
        else
            LogitRows.Scale<TV>(s, (float)((Math.Exp(shift) / sum - tailP / tail) * job->Inverse), n);
        var loss = tailP > 0 ? tailP * (logTailP - (Math.Log(tail) + shift - log)) : 0;
        for (var k = 0L; k < K; k++)
        {
            s[ids[k]] = (float)(Math.Exp(kept[k]) / sum * job->Inverse);
            loss += weights[k] > 0 || double.IsNaN(weights[k]) ? weights[k] * (Math.Log(weights[k]) - (kept[k] - log)) : 0;
        }
        return loss;
    }

    private struct Job
    {
        public float* Student, Losses, Weights, Tail, Entropy;
        public long* Ids;
        public long N, K, StudentRow;
        public float Inverse;
    }
}
