using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Choices;

/// <summary>
/// Which of several continuations of one context is the likeliest; where several are right, how much of the probability they have
/// (<see cref="ChoiceResult.ShareOfRight"/>).
/// </summary>
internal sealed record ChoiceKind(ChoiceOptions Options) : TaskKind
{
    public override string Name => "choice";

    public override IReadOnlyList<Metric> Metrics =>
        Options.HasSeveral || Options.AreOfOneLength ? [new("acc")] : [new("acc"), new("acc_norm"), new("acc_bytes")];

    public override IReadOnlyList<TaskLoss> Losses =>
        [Options.HasSeveral ? ChoiceResult.LossOfWhole(Metrics[0]) : ChoiceResult.LossPerCharacter(Metrics[0])];

    public override bool TakesChatTemplate => true;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) =>
        new ChoiceQuestions(ChoicePrompts.Of(task, settings));

    /// <summary>Reads its keys.</summary>
    public static ChoiceKind Read(TaskFields fields) => new(ChoiceOptions.Read(fields, several: true));
}
