using System.Text;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Shots;
using Espalier.Files;

namespace Espalier.Evaluation.Tasks;

/// <summary>A document as it is asked: pairs of a context and what is scored after it, one a choice.</summary>
/// <param name="Document">The document.</param>
/// <param name="Pairs">Context and continuation of each choice.</param>
/// <param name="Choices">The choices' texts, whose length log-likelihoods are divided by.</param>
/// <param name="Answer">Which is right, from 0.</param>
internal sealed record ChoicePrompt(
    TaskDocument Document, IReadOnlyList<(string Context, string Continuation)> Pairs, IReadOnlyList<string> Choices, int Answer);

/// <summary>
/// Writes what a model reads, byte for byte as lm-evaluation-harness 0.4 does without a chat template (lm_eval/api/task.py,
/// fewshot_context): description, shots, document, and the delimiter before what is scored.
/// </summary>
internal static class ChoicePrompts
{
    /// <summary>The prompts of a subject's documents, in their order.</summary>
    /// <param name="task">The task.</param>
    /// <param name="subject">The subject.</param>
    /// <param name="shots">Shots of each document.</param>
    /// <param name="limit">Only the first documents; null all.</param>
    /// <exception cref="EspalierException">A document lacks what the task asks of it, or has fewer than two choices.</exception>
    public static IReadOnlyList<ChoicePrompt> Of(TaskDefinition task, TaskSubject subject, int shots, int? limit = null)
    {
        // Where shots come from the documents that are asked, the harness draws one more and leaves out the document itself.
        var sampler = new ShotSampler(subject.Shots.Count, shots, task.Shots.Order, drawsOneMore: task.Shots.Documents is null);
        var prompts = new List<ChoicePrompt>();
        foreach (var document in subject.Documents.Take(limit ?? int.MaxValue))
        {
            var before = new StringBuilder(task.Description?.Fill(document.With("subject", subject.Name)));
            foreach (var shot in sampler.Next(place => subject.Shots[place].IsSame(document)))
                before.Append(Shot(task, subject.Shots[shot]));
            prompts.Add(Prompt(task, document, before.ToString()));
        }
        return prompts;
    }

    private static ChoicePrompt Prompt(TaskDefinition task, TaskDocument document, string before)
    {
        var choices = Choices(task, document);
        var answer = Answer(task, document, choices);
        if (task.Kind == TaskKind.Choice)
        {
            var context = before + task.Prompt.Fill(document);
            return new(document, [.. choices.Select(choice => (context, task.Delimiter + choice))], choices, answer);
        }
        var rest = task.Delimiter + task.Continuation!.Fill(document);
        return new(document, [.. choices.Select(choice => (before + task.Prompt.Fill(document.With("option", choice)), rest))], choices,
            answer);
    }

    private static string Shot(TaskDefinition task, TaskDocument document)
    {
        var choices = Choices(task, document);
        var right = choices[Answer(task, document, choices)];
        return task.Kind == TaskKind.Choice
            ? task.Prompt.Fill(document) + task.Delimiter + right + task.Shots.Separator
            : task.Prompt.Fill(document.With("option", right)) + task.Delimiter + task.Continuation!.Fill(document) + task.Shots.Separator;
    }

    private static string[] Choices(TaskDefinition task, TaskDocument document)
    {
        string[] choices = task.Choices is [{ LoneField: { } list }] ? document.Texts(list)
            : [.. task.Choices.Select(choice => choice.Fill(document))];
        if (choices.Length < 2)
            throw new EspalierException($"{document.Place}: has {choices.Length} choice{(choices.Length == 1 ? "" : "s")}, and needs two");
        var empty = Array.FindIndex(choices, static choice => choice.Length == 0);
        return empty < 0 ? choices : throw new EspalierException($"{document.Place}: choice {empty + 1} is empty");
    }

    private static int Answer(TaskDefinition task, TaskDocument document, string[] choices)
    {
        var text = task.Answer.Fill(document);
        var answer = task.AnswerForm switch
        {
            AnswerForm.Letter => text is [var letter] ? char.ToUpperInvariant(letter) - 'A' : -1,
            AnswerForm.Text => Array.IndexOf(choices, text),
            _ => Quantity.Count(text) is { } number && number <= choices.Length
                ? (int)number - (task.AnswerForm == AnswerForm.OneBased ? 1 : 0) : -1,
        };
        return answer >= 0 && answer < choices.Length ? answer
            : throw new EspalierException(
                $"{document.Place}: the answer is '{OneLine.Clipped(text)}', and there are {choices.Length} choices");
    }
}
