using Espalier.Compression;
using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>Questions that a model answers with calls.</summary>
internal sealed class FunctionCallQuestions(TaskDefinition task, FunctionCallKind kind,
    IReadOnlyList<(string Category, IReadOnlyList<FunctionCallQuestion> Questions)> asked) : TaskQuestions
{
    private readonly FunctionCallQuestion[] _questions = [.. asked.SelectMany(category => category.Questions)];

    private readonly Dictionary<string, int> _counts =
        asked.ToDictionary(category => category.Category, category => category.Questions.Count);

    public override IReadOnlyList<(string Subject, int Documents)> Subjects =>
        [.. asked.Select(category => (category.Category, category.Questions.Count))];

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        GeneratedPrompt[] prompts = [.. _questions.Select(question =>
            new GeneratedPrompt(question.Document, model.Form.Prompt(FunctionCallKind.Conversation(task.Prompt, question))))];
        var texts = TextQuestions.Texts(model, kind with { Stop = [.. kind.Stop, .. model.Form.Stops] }, prompts, name, progress, stop);
        var weights = FunctionCallTotals.Names.ToDictionary(metric => metric, metric => FunctionCallTotals.Weights(metric, _counts));
        return [.. _questions.Select((question, i) => new FunctionCallResult(prompts[i], texts[i],
            FunctionCallScorer.Score(question, texts[i].Text, kind.Syntax),
            weights.ToDictionary(of => of.Key, of => of.Value.GetValueOrDefault(question.Category.Name))))];
    }
}
