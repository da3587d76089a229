using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Profiling;

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

    // Whether nobody from outside sees a tensor of a step, so that its objects may serve the next, and whether it has no parts.
    private readonly bool _isAlone, _isSum;

    /// <summary>Creates the objective.</summary>
    /// <param name="loss">The loss on logits.</param>
    /// <param name="teacher">Needed where a loss compares with one.</param>
    /// <param name="hidden">The loss on hidden states, or null.</param>
    public LogitObjective(LogitLoss loss, Teacher? teacher = null, HiddenStateLoss? hidden = null)
        : this(loss, teacher, hidden, balance: null)
    {
    }

    /// <summary>The same, and an auxiliary loss that keeps the student's experts equally busy, or null.</summary>
    internal LogitObjective(LogitLoss loss, Teacher? teacher, HiddenStateLoss? hidden, RouterBalance? balance)
    {
        if (loss.NeedsTeacher && teacher is null)
            throw new ArgumentException($"{loss.Name} needs a teacher", nameof(teacher));
        if (hidden is not null && teacher is null)
            throw new ArgumentException("a loss on hidden states needs a teacher", nameof(teacher));
        (_loss, _teacher, _hidden, _balance) = (loss, loss.NeedsTeacher || hidden is not null ? teacher : null, hidden, balance);
        _isSum = hidden is null && balance is null && loss.Parts.Count == 1;
        _isAlone = hidden is null && balance is null && loss.LetsGo && _teacher?.LetsGo != false;
    }

    /// <inheritdoc/>
    public override string Name =>
        $"{_loss.Name}{(_hidden is null ? "" : $" + {_hidden.Name}")}{(_balance is null ? "" : $" + {RouterBalance.Name}")}";

    /// <inheritdoc/>
    public override IReadOnlyList<string> PartNames => _isSum
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
        using var scope = _isAlone ? TensorScope.BeginReusing() : TensorScope.Begin();
        var ids_BT = Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence).On(student.Device);
        var counted = CountedPositions.Of(batch, student.Device);
        var targets_M = counted.Rows(Tensor.From<long>(batch.Targets, batch.Tokens).On(student.Device));
        var outputs = OutputsOf(batch, ids_BT);

        using var pass = Forward(student, batch, ids_BT);
        var hidden_BTD = pass.Hidden;
        var width = hidden_BTD.Size(-1);
        // A loss of one part, alone, is the sum.
        var parts = _isSum ? default : new double[_loss.Parts.Count];
        double sum = 0;
        Tensor gradient_MD;
        HiddenStateResult? states;
        (double Sum, IReadOnlyList<KeyValuePair<TapPlace, Tensor>> Gradients)? balance;
        using (StepProfiler.Enter(StepPhase.Head))
        {
            (sum, gradient_MD) = _loss.BackwardInto(
                student.Head, counted.Rows(hidden_BTD.View(-1, width)), targets_M, _loss.NeedsTeacher
                    ? counted.Rows(outputs?.Distributions) : null, scale, parts is null ? new Span<double>(ref sum) : parts);
            states = _hidden?.Backward(pass, outputs!.Value.States, counted, sum, scale);
            balance = _balance?.Backward(pass, batch, scale);
        }
        using (StepProfiler.Enter(StepPhase.Backward))
            pass.Backward(counted.Spread(gradient_MD).View(batch.Size, batch.Sequence, width),
                states is null && balance is null ? null : [.. states?.Gradients ?? [], .. balance?.Gradients ?? []]);
        // A teacher of others may keep what it answered.
        if (_teacher?.LetsGo == true)
            outputs?.Distributions.LetGo();
        if (parts is null)
            return new(sum, []);
        return states is null && balance is null
            ? new(sum, parts)
            : new(sum + (states is null ? 0 : states.Weight * states.Sum) + (balance?.Sum ?? 0) * (_balance?.Weight ?? 0),
                [.. parts, .. states is null ? Array.Empty<double>() : [states.Sum],
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
