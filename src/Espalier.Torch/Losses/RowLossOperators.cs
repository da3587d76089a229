using Espalier.Torch.Kernels;

namespace Espalier.Torch.Losses;

/// <summary>Losses between a student's and a teacher's logits with their gradients, beside forward KL. Nothing is recorded.</summary>
internal static class RowLossOperators
{
    /// <summary>
    /// The losses of rows of student logits [C, V] against the teacher's, [C]; the student's are overwritten with the gradient of their
    /// sum, the teacher's stay. Float32 or bfloat16 in order on the CPU by our kernels.
    /// </summary>
    /// <param name="student">Student logits, [C, V], overwritten.</param>
    /// <param name="teacher">Teacher logits, [C, V].</param>
    /// <param name="loss">The loss.</param>
    public static Tensor RowLossInPlace(this Tensor student, Tensor teacher, RowLoss loss) =>
        student.IsRowsOfLogits && teacher.IsRowsOfLogits && student.DType == teacher.DType
        ? loss.ByKernel(student, teacher)
        : student.RowLossInPlaceByParts(teacher, loss);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor RowLossInPlaceByParts(this Tensor student, Tensor teacher, RowLoss loss)
    {
        using var noGrad = GradMode.Disable();
        return loss.ByParts(student, teacher);
    }
}
