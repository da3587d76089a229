using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>Questions that a model answers with calls.</summary>
internal sealed class FunctionCallQuestions(TaskDefinition task, FunctionCallKind kind,
    IReadOnlyList<(string Subject, IReadOnlyList<FunctionCallQuestion> Questions)> asked) : TaskQuestions<FunctionCallQuestion>(asked)
{
    private readonly Dictionary<string, int> _counts =
        asked.ToDictionary(category => category.Subject, category => category.Questions.Count);

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        GeneratedPrompt[] prompts = [.. Questions.Select(question =>
            new GeneratedPrompt(question.Document, model.Form.Prompt(FunctionCallKind.Conversation(task.Prompt, question))))];
        var texts = TextQuestions.Texts(model, kind with { Stop = [.. kind.Stop, .. model.Form.Stops] }, prompts, name, progress, stop);
        var weights = FunctionCallTotals.Names.ToDictionary(metric => metric, metric => FunctionCallTotals.Weights(metric, _counts));
        return [.. Questions.Select((question, i) => new FunctionCallResult(prompts[i], texts[i],
            FunctionCallScorer.Score(question, texts[i].Text, kind.Syntax),
            weights.ToDictionary(of => of.Key, of => of.Value.GetValueOrDefault(question.Category.Name)))
        {
            Category = question.Category.Name,
        })];
    }
}
