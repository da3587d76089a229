using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>Losses between a student's and a teacher's logits with their gradients, beside forward KL. Nothing is recorded.</summary>
public sealed partial class Tensor
{
    /// <summary>
    /// The losses of rows of student logits [C, V] against the teacher's, [C]; the student's are overwritten with the gradient of their
    /// sum, the teacher's stay. Float32 or bfloat16 in order on the CPU by our kernels.
    /// </summary>
    /// <param name="teacher">Teacher logits, [C, V].</param>
    /// <param name="loss">The loss.</param>
    internal Tensor RowLossInPlace(Tensor teacher, RowLoss loss) => IsRowsOfLogits && teacher.IsRowsOfLogits && DType == teacher.DType
        ? RowLossKernel.Run(this, teacher, loss)
        : RowLossInPlaceByParts(teacher, loss);

    /// <summary>The same out of libtorch's operators.</summary>
    internal Tensor RowLossInPlaceByParts(Tensor teacher, RowLoss loss)
    {
        using var noGrad = GradMode.Disable();
        return loss.Kind switch
        {
            RowLossKind.ReverseKl => ReverseKlRow.ByParts(this, teacher, loss),
            RowLossKind.Mixture => MixtureRow.ByParts(this, teacher, loss),
            RowLossKind.SquaredProbabilities => SquaredProbabilitiesRow.ByParts(this, teacher, loss),
            RowLossKind.CosineProbabilities => CosineProbabilitiesRow.ByParts(this, teacher, loss),
            RowLossKind.SquaredLogits => SquaredLogitsRow.ByParts(this, teacher, loss),
            _ => CosineLogitsRow.ByParts(this, teacher, loss),
        };
    }
}
