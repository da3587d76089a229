using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Losses;

/// <summary>
/// Losses between a student's and a teacher's row of logits with their gradient made on the way: each row is copied to where the processor
/// has it near, in float32 and whole vectors long, goes through what its <see cref="IRowLoss"/> does, and is written back as the gradient.
/// </summary>
internal static unsafe class RowLossKernel
{
    /// <summary>The losses, [C]; student logits are overwritten with their gradient, the teacher's stay.</summary>
    public static Tensor Run<TLoss>(Tensor student, Tensor teacher, RowLoss loss) where TLoss : struct, IRowLoss
    {
        const string name = "row_loss";
        if (student.Dimensions != 2 || !student.Shape.SequenceEqual(teacher.Shape))
            throw Of(
                name,
                $"the student's logits are {Sizes(student)} and the teacher's "
                    + $"{Sizes(teacher)}; they must be [positions, vocabulary], both alike");
        using var to = Operand.Result(DType.Float32, student.Size(0));
        using var s = Operand.Of(student);
        using var t = Operand.Of(teacher);
        var n = student.Size(1);
        var job = new RowLossJob
        {
            Student = s.Data,
            Teacher = t.Data,
            StudentRow = s.Step(0),
            TeacherRow = t.Step(0),
            IsNarrow = student.DType == DType.BFloat16,
            Losses = to.Floats,
            N = n,
            Room = (n + 15) / 16 * 16,
            Inverse = (float)(1 / loss.Temperature),
            Share = loss.TeacherShare,
            OfTeacher = loss.OfTeacher,
            OfStudent = loss.OfStudent,
        };
        Workers.For(0, student.Size(0), Math.Max(1, 8192 / Math.Max(1, n)), Body<TLoss>(), &job);
        student.Written();
        return to.Tensor;
    }

    private static delegate*<long, long, void*, void> Body<TLoss>() where TLoss : struct, IRowLoss =>
        Width.Of(&Rows<Floats512, TLoss>, &Rows<Floats256, TLoss>, &Rows<Floats128, TLoss>);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV, TLoss>(long first, long last, void* context)
        where TV : unmanaged, IFloats<TV> where TLoss : struct, IRowLoss
    {
        var job = (RowLossJob*)context;
        var (n, room) = (job->N, job->Room);
        var s = Scratch.Of(4 * room + 96);
        for (var row = first; row < last; row++)
        {
            long atS = row * job->StudentRow, atT = row * job->TeacherRow;
            Read<TV>(job, job->Student, atS, s, TLoss.Beyond);
            Read<TV>(job, job->Teacher, atT, s + room, TLoss.Beyond);
            job->Losses[row] = (float)TLoss.Row<TV>(job, s, s + room, s + 2 * room);
            if (job->IsNarrow)
                LogitRows.Narrow<TV>(s, (Bf16*)job->Student + atS, n);
            else
                Buffer.MemoryCopy(s, (float*)job->Student + atS, 4 * n, 4 * n);
        }
    }

    private static void Read<TV>(RowLossJob* job, void* logits, long at, float* to, float beyond) where TV : unmanaged, IFloats<TV>
    {
        var n = job->N;
        if (job->IsNarrow)
            LogitRows.Widened<TV>((Bf16*)logits + at, to, n);
        else
            Buffer.MemoryCopy((float*)logits + at, to, 4 * n, 4 * n);
        for (var i = n; i < job->Room; i++)
            to[i] = beyond;
    }
}

/// <summary>What the rows of a call have in common.</summary>
internal unsafe struct RowLossJob
{
    /// <summary>Rows of logits, and their losses.</summary>
    public void* Student, Teacher;
    public float* Losses;
    public bool IsNarrow;

    /// <summary>Entries of a row, and with what fills its last vector; from row to row of each side.</summary>
    public long N, Room, StudentRow, TeacherRow;

    /// <summary>1 / temperature.</summary>
    public float Inverse;

    /// <summary>The numbers of <see cref="RowLoss"/>.</summary>
    public double Share, OfTeacher, OfStudent;
}

/// <summary>What a loss does with a row of each side.</summary>
internal unsafe interface IRowLoss
{
    /// <summary>What stands after the last entry: the logit of a probability of 0, or 0 where logits are compared.</summary>
    static abstract float Beyond { get; }

    /// <summary>The loss; the student's logits are overwritten with its gradient, the teacher's with anything.</summary>
    /// <param name="job">What rows have in common.</param>
    /// <param name="s">The student's logits, <see cref="RowLossJob.Room"/> long.</param>
    /// <param name="t">The teacher's.</param>
    /// <param name="own">Memory for two more rows and then for 48 doubles.</param>
    static abstract double Row<TV>(RowLossJob* job, float* s, float* t, float* own) where TV : unmanaged, IFloats<TV>;

    /// <summary>The same for all rows out of libtorch's operators.</summary>
    static abstract Tensor ByParts(Tensor student_CV, Tensor teacher_CV, RowLoss loss);
}
