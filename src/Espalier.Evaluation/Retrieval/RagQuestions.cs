using Espalier.Evaluation.Retrieval.Scores;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Retrieval;

/// <summary>A question with the passages that were found for it.</summary>
/// <param name="Passages">The passages, the best first.</param>
/// <param name="Prompt">Both as they are laid out.</param>
internal sealed record AskedRagQuestion(RagQuestion Question, IReadOnlyList<Passage> Passages, RagPrompt Prompt);

/// <summary>Questions with passages, which are cut at the end where a model has not positions enough for them.</summary>
internal sealed class RagQuestions(RagKind kind, IReadOnlyList<(string Subject, IReadOnlyList<AskedRagQuestion> Questions)> asked)
    : TaskQuestions<AskedRagQuestion>(asked)
{
    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var fitted = Questions.Select(question => question.Prompt.Within(model.Tokenizer, model.Positions - kind.MaxTokens)).ToArray();
        GeneratedPrompt[] prompts = [.. Questions.Zip(fitted, (question, fit) =>
            new GeneratedPrompt(question.Question.Document, fit.Prompt.Text))];
        var texts = TextQuestions.Texts(model, kind, prompts, name, progress, stop);
        var sizes = Questions.CountBy(question => question.Question.IsUnanswerable).ToDictionary();
        return [.. Questions.Select((question, i) => new RagResult(prompts[i], texts[i], question,
            kind.Scoring.Of(question.Question, texts[i].Text), sizes[question.Question.IsUnanswerable])
            { Cut = texts[i].Cut + fitted[i].Cut })];
    }
}
