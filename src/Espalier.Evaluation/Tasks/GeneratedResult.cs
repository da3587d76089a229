using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model wrote to a document, and what each filter makes of it.</summary>
/// <param name="Prompt">What was asked.</param>
/// <param name="Made">What was written.</param>
/// <param name="Verdicts">One a filter.</param>
internal sealed record GeneratedResult(GeneratedPrompt Prompt, Generation Made, IReadOnlyList<AnswerVerdict> Verdicts)
    : DocumentResult(Prompt.Document, Made.Cut)
{
    /// <inheritdoc/>
    public override double Score(string metric) =>
        Verdicts.First(verdict => GenerateKind.MetricOf(verdict.Filter) == metric).IsRight ? 1 : 0;
}
