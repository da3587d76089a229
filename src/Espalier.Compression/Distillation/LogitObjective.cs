using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Profiling;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: B batch, T time, N = B T positions, M of them that count, D student width.

/// <summary>
/// A loss on logits: cross-entropy on the data, or a divergence from a frozen teacher, and beside it, where wanted, a loss on hidden
/// states. The teacher stays the caller's; the hidden-state loss too.
/// </summary>
public sealed class LogitObjective : Objective
{
    private readonly LogitLoss _loss;
    private readonly Teacher? _teacher;
    private readonly HiddenStateLoss? _hidden;
    private readonly RouterBalance? _balance;

    /// <summary>Creates the objective.</summary>
    /// <param name="loss">The loss on logits.</param>
    /// <param name="teacher">Needed where a loss compares with one.</param>
    /// <param name="hidden">The loss on hidden states, or null.</param>
    public LogitObjective(LogitLoss loss, Teacher? teacher = null, HiddenStateLoss? hidden = null)
    {
        if (loss.NeedsTeacher && teacher is null)
            throw new ArgumentException($"{loss.Name} needs a teacher", nameof(teacher));
        if (hidden is not null && teacher is null)
            throw new ArgumentException("a loss on hidden states needs a teacher", nameof(teacher));
        (_loss, _teacher, _hidden) = (loss, loss.NeedsTeacher || hidden is not null ? teacher : null, hidden);
    }

    /// <summary>The same, and an auxiliary loss that keeps the student's experts equally busy, or null.</summary>
    internal LogitObjective(LogitLoss loss, Teacher? teacher, HiddenStateLoss? hidden, RouterBalance? balance)
        : this(loss, teacher, hidden) => _balance = balance;

    /// <inheritdoc/>
    public override string Name =>
        $"{_loss.Name}{(_hidden is null ? "" : $" + {_hidden.Name}")}{(_balance is null ? "" : $" + {RouterBalance.Name}")}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> PartNames => _hidden is null && _balance is null && _loss.Parts.Count == 1
        ? []
        : [.. _loss.Parts.Select(part => part.Name), .. _hidden is null ? Array.Empty<string>() : [_hidden.Name],
            .. _balance is null ? Array.Empty<string>() : [RouterBalance.Name]];

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterSet> Trained => _hidden?.Trained ?? [];

    /// <inheritdoc/>
    public override bool TakesThreads => _hidden is null && _loss.TakesThreads && _teacher?.TakesThreads != false;

    /// <inheritdoc/>
    protected override ObjectiveSums AccumulateCounted(Decoder student, Batch batch, double scale)
    {
        using var scope = TensorScope.Begin();
        var ids_BT = Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence).On(student.Device);
        var counted = CountedPositions.Of(batch, student.Device);
        var targets_M = counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(student.Device));
        var outputs = OutputsOf(batch, ids_BT);

        using var pass = Forward(student, batch, ids_BT);
        var width = pass.Hidden.Size(-1);
        HeadResult head;
        HiddenStateResult? states;
        (double Sum, IReadOnlyList<KeyValuePair<TapPlace, Tensor>> Gradients)? balance;
        using (StepProfiler.Enter(StepPhase.Head))
        {
            head = _loss.Backward(
                student.Head, counted.Rows(pass.Hidden.View(-1, width)), targets_M, _loss.NeedsTeacher
                    ? counted.Rows(outputs?.Distributions) : null, scale);
            states = _hidden?.Backward(pass, outputs!.States, counted, head.Sum, scale);
            balance = _balance?.Backward(pass, batch, scale);
        }
        using (StepProfiler.Enter(StepPhase.Backward))
            pass.Backward(counted.Spread(head.HiddenGradient).View(batch.Size, batch.Sequence, width),
                states is null && balance is null ? null : [.. states?.Gradients ?? [], .. balance?.Gradients ?? []]);
        return states is null && balance is null
            ? new(head.Sum, head.Parts)
            : new(head.Sum + (states is null ? 0 : states.Weight * states.Sum) + (balance?.Sum ?? 0) * (_balance?.Weight ?? 0),
                [.. head.Parts, .. states is null ? Array.Empty<double>() : [states.Sum],
                    .. balance is null ? Array.Empty<double>() : [balance.Value.Sum]]);
    }

    private TeacherOutputs? OutputsOf(Batch batch, Tensor ids_BT)
    {
        using var phase = StepProfiler.Enter(StepPhase.Teacher);
        return _teacher?.OutputsOf(batch, ids_BT, _hidden?.TeacherPlaces ?? []);
    }

    private TrainingPass Forward(Decoder student, Batch batch, Tensor ids_BT)
    {
        using var phase = StepProfiler.Enter(StepPhase.Forward);
        return student.Train(ids_BT, _hidden is null && _balance is null ? null
            : [.. _hidden?.StudentPlaces ?? [], .. _balance?.Places ?? []], batch.Places);
    }
}
