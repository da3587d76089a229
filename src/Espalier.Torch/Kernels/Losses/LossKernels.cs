using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Losses;

/// <summary>
/// Losses on rows of logits with their gradient made on the way: the student's logits are overwritten with it. Logits may be bfloat16;
/// computed is in float32. With e = exp(logit − largest) and Z = Σ e: cross-entropy is log Z − (s − top) of the target, with gradient e / Z
/// − 1 there; forward KL with a teacher is Σ p (log p − log q), with gradient (q − p) / τ.
/// </summary>
internal static unsafe class LossKernels
{
    /// <summary>−log q[target] of each row, [C].</summary>
    public static Tensor CrossEntropy(Tensor student, Tensor targets)
    {
        const string name = "cross_entropy";
        Check(name, student);
        if (targets.DType != DType.Int64 || targets.Dimensions != 1 || targets.Size(0) != student.Size(0))
            throw Of(name, $"logits are {Sizes(student)} and targets {targets.DType} {Sizes(targets)}; they must be int64, one a row");
        using var to = Operand.Result(DType.Float32, student.Size(0));
        using var s = Operand.Of(student);
        using var wanted = Operand.InOrder(targets);
        TokenNllKernel.CheckIds(name, wanted.Longs, student.Size(0), student.Size(1));
        var job = new Job
        {
            Student = s.Data,
            StudentRow = s.Step(0),
            IsNarrow = student.DType == DType.BFloat16,
            Targets = wanted.Longs,
            Losses = to.Floats,
            N = student.Size(1)
        };
        Workers.For(0, student.Size(0), Grain(job.N), Width.Of(&Hard<Floats512>, &Hard<Floats256>, &Hard<Floats128>), &job);
        student.Written();
        return to.Tensor;
    }

    /// <summary>
    /// Σ p (log p − log q) of each row, [C], or without the teacher's entropy −Σ p log q; the teacher's logits are overwritten too.
    /// </summary>
    /// <param name="student">Student logits, [C, V]; on return their gradient.</param>
    /// <param name="teacher">Teacher logits, of the same shape. Where one is −∞ the student's may be anything.</param>
    /// <param name="temperature">What logits are divided by.</param>
    /// <param name="withEntropy">Whether p log p belongs to the loss.</param>
    public static Tensor Divergence(Tensor student, Tensor teacher, double temperature, bool withEntropy)
    {
        const string name = "forward_kl";
        Check(name, student);
        Check(name, teacher);
        if (!student.Shape.SequenceEqual(teacher.Shape))
            throw Of(name, $"the student's logits are {Sizes(student)} and the teacher's {Sizes(teacher)}; they must have the same shape");
        using var to = Operand.Result(DType.Float32, student.Size(0));
        using var s = Operand.Of(student);
        using var t = Operand.Of(teacher);
        var job = new Job
        {
            Student = s.Data,
            Teacher = t.Data,
            StudentRow = s.Step(0),
            TeacherRow = t.Step(0),
            IsNarrow = student.DType == DType.BFloat16,
            Losses = to.Floats,
            N = student.Size(1),
            Inverse = (float)(1 / temperature),
            Entropy = withEntropy ? 1 : 0,
        };
        Workers.For(0, student.Size(0), Grain(job.N), Width.Of(&Soft<Floats512>, &Soft<Floats256>, &Soft<Floats128>), &job);
        student.Written();
        teacher.Written();
        return to.Tensor;
    }

    private static void Check(string name, Tensor logits)
    {
        if (logits.Dimensions != 2 || logits.DType is not (DType.Float32 or DType.BFloat16) || !logits.LiesInRows)
            throw Of(name,
                $"logits are {logits.DType} {Sizes(logits)}; they must be float32 or bfloat16 of positions and vocabulary, in rows");
    }

    private static long Grain(long n) => Math.Max(1, 8192 / Math.Max(1, n));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Hard<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var n = job->N;
        for (var row = first; row < last; row++)
        {
            var at = row * job->StudentRow;
            var s = job->IsNarrow ? LogitRows.Widened<TV>((Bf16*)job->Student + at, Scratch.Of(n), n) : (float*)job->Student + at;
            var target = job->Targets[row];
            var top = LogitRows.Top<TV>(s, n);
            var distance = (double)top - s[target];
            var sum = LogitRows.Exponentials<TV>(s, top, n);
            LogitRows.Scale<TV>(s, (float)(1 / sum), n);
            s[target] -= 1;
            if (job->IsNarrow)
                LogitRows.Narrow<TV>(s, (Bf16*)job->Student + at, n);
            job->Losses[row] = (float)(Math.Log(sum) + distance);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Soft<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var n = job->N;
        for (var row = first; row < last; row++)
        {
            long atS = row * job->StudentRow, atT = row * job->TeacherRow;
            float* s = (float*)job->Student + atS, t = (float*)job->Teacher + atT;
            if (job->IsNarrow)
            {
                var room = (n + 15) / 16 * 16;
                s = Scratch.Of(2 * room);
                t = LogitRows.Widened<TV>((Bf16*)job->Teacher + atT, s + room, n);
                s = LogitRows.Widened<TV>((Bf16*)job->Student + atS, s, n);
            }
            float topS = LogitRows.Top<TV>(s, n), topT = LogitRows.Top<TV>(t, n);
            var (sumS, sumT, along) = Sums<TV>(s, t, topS, topT, job->Inverse, job->Entropy, n);
            TV ofS = TV.All((float)(job->Inverse / sumS)), ofT = TV.All((float)(job->Inverse / sumT));
            // Two roundings, so that equal rows give zero.
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
                (TV.Load(s + i) * ofS - TV.Load(t + i) * ofT).Store(s + i);
            if (i < n)
                Tail.Store(Tail.Load<TV>(s + i, n - i) * ofS - Tail.Load<TV>(t + i, n - i) * ofT, s + i, n - i);
            if (job->IsNarrow)
                LogitRows.Narrow<TV>(s, (Bf16*)job->Student + atS, n);
            job->Losses[row] = (float)(along / sumT + Math.Log(sumS) - job->Entropy * Math.Log(sumT));
        }
    }

    // Both rows become exponentials; their sums, and Σ e_T · (log e_T − log e_S), in float64 over sums of some terms.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (double S, double T, double Along) Sums<TV>(
        float* s, float* t, float topS, float topT, float inverse, float entropy, long n)
        where TV : unmanaged, IFloats<TV>
    {
        TV by = TV.All(inverse), shiftS = TV.All(topS), shiftT = TV.All(topT), counts = TV.All(entropy), zero = TV.All(0);
        var (sumS, sumT, sumAlong) = (0.0, 0.0, 0.0);
        for (var from = 0L; from < n; from += LogitRows.Terms)
        {
            TV partS = zero, partT = zero, partAlong = zero;
            var (i, to) = (from, Math.Min(n, from + LogitRows.Terms));
            for (; i + TV.Lanes <= to; i += TV.Lanes)
            {
                TV a = (TV.Load(s + i) - shiftS) * by, b = (TV.Load(t + i) - shiftT) * by;
                TV eS = TV.Exponential(a), eT = TV.Exponential(b);
                eS.Store(s + i);
                eT.Store(t + i);
                partS += eS;
                partT += eT;
                partAlong += TV.WhereAbove(eT, zero, eT * (b * counts - a), eT);
            }
            if (i < to)
            {
                var left = to - i;
                var a = (Tail.Load<TV>(s + i, left, float.NegativeInfinity) - shiftS) * by;
                var b = (Tail.Load<TV>(t + i, left, float.NegativeInfinity) - shiftT) * by;
                TV eS = TV.Exponential(a), eT = TV.Exponential(b);
                Tail.Store(eS, s + i, left);
                Tail.Store(eT, t + i, left);
                partS += eS;
                partT += eT;
                partAlong += TV.WhereAbove(eT, zero, eT * (b * counts - a), eT);
            }
            sumS += partS.Sum();
            sumT += partT.Sum();
            sumAlong += partAlong.Sum();
        }
        return (sumS, sumT, sumAlong);
    }

    private struct Job
    {
        public void* Student, Teacher;
        public bool IsNarrow;
        public float* Losses;
        public long* Targets;
        public long N, StudentRow, TeacherRow;
        public float Inverse, Entropy;
    }
}
