using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Choices;

/// <summary>
/// After which of several contexts one continuation is the likeliest (Winogrande); the prompt holds the choice as {option}.
/// </summary>
internal sealed record PartialKind(ChoiceOptions Options, Template Continuation) : TaskKind
{
    public override string Name => "partial";

    public override IReadOnlyList<Metric> Metrics { get; } = [new("acc")];

    /// <inheritdoc/>
    /// <remarks>What is scored is the same after all choices, and is divided by nothing.</remarks>
    public override IReadOnlyList<TaskLoss> Losses => [ChoiceResult.LossOfWhole(Metrics[0])];

    public override bool TakesChatTemplate => true;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) =>
        new ChoiceQuestions(ChoicePrompts.Of(task, settings));

    /// <inheritdoc/>
    /// <remarks>With the right choice in its place.</remarks>
    public override string TextOf(TaskDefinition task, TaskDocument document)
    {
        var choices = Options.Choices(document);
        var right = choices[Options.RightOnes(document, choices)[0]];
        return string.Join(' ', task.Prompt.FieldsOf(document.With("option", right)).Concat(Continuation.FieldsOf(document)));
    }

    /// <summary>Reads its keys.</summary>
    public static PartialKind Read(TaskFields fields) => new(ChoiceOptions.Read(fields, several: false), fields.Template("continuation"));
}
