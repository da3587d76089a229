using Espalier.Compression.Distillation;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Training;

/// <summary>A loss on logits: cross-entropy on the data, or a divergence from a frozen teacher. The teacher stays the caller's.</summary>
public sealed class LogitObjective : Objective
{
    private readonly LogitLoss _loss;
    private readonly Decoder? _teacher;

    /// <summary>Creates the objective.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="teacher">Needed exactly where the loss compares with one.</param>
    public LogitObjective(LogitLoss loss, Decoder? teacher = null)
    {
        if (loss.NeedsTeacher && teacher is null)
            throw new ArgumentException($"{loss.Name} needs a teacher", nameof(teacher));
        (_loss, _teacher) = (loss, loss.NeedsTeacher ? teacher : null);
    }

    /// <inheritdoc/>
    public override string Name => _loss.Name;

    /// <inheritdoc/>
    public override double Accumulate(Decoder student, Batch batch, double scale)
    {
        using var scope = TensorScope.Begin();
        var ids_BT = Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence);
        var targets_N = Tensor.From<long>(batch.Targets, batch.Tokens);
        TeacherHead? teacher = _teacher is null ? null : new(TeacherHidden(_teacher, ids_BT), _teacher.Head);

        var hidden_BTD = student.Forward(ids_BT);
        var width = hidden_BTD.Size(-1);
        var (sum, gradient_ND) = ChunkedHead.Backward(
            hidden_BTD.Detach().View(-1, width), student.Head, targets_N, teacher, _loss, scale);
        hidden_BTD.Backward(gradient_ND.View(batch.Size, batch.Sequence, width));
        return sum;
    }

    private static Tensor TeacherHidden(Decoder teacher, Tensor ids_BT)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var hidden_BTE = teacher.Forward(ids_BT);
        return scope.Keep(hidden_BTE.View(-1, hidden_BTE.Size(-1)));
    }
}
