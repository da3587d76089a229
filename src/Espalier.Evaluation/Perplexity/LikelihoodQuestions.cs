using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Perplexity;

/// <summary>Targets that a model scores, each the one choice after its context.</summary>
internal sealed class LikelihoodQuestions(IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> asked) : TaskQuestions
{
    private readonly ChoiceQuestions _choices = new(asked);

    public override IReadOnlyList<(string Subject, int Documents)> Subjects => _choices.Subjects;

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop) =>
        [.. _choices.Ask(model, name, progress, stop).Cast<ChoiceResult>().Select(result =>
            new LikelihoodResult(result.Document, result.Scores[0].LogLikelihood, result.Scores[0].IsGreedy, result.Cut))];
}
