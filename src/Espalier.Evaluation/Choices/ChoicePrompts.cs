using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Choices;

/// <summary>A document as it is asked: pairs of a context and what is scored after it, one a choice.</summary>
/// <param name="Pairs">Context and continuation of each choice.</param>
/// <param name="Choices">The choices' texts, whose length log-likelihoods are divided by.</param>
/// <param name="Answers">Which are right, from 0.</param>
/// <param name="HasSeveral">Whether several may be right in this task, though a document has one.</param>
internal sealed record ChoicePrompt(TaskDocument Document, IReadOnlyList<(string Context, string Continuation)> Pairs,
    IReadOnlyList<string> Choices, IReadOnlyList<int> Answers, bool HasSeveral = false)
{
    /// <summary>The right one, or the first of several.</summary>
    public int Answer => Answers[0];

    /// <summary>Characters of the description, with which each context begins.</summary>
    public int Description { get; init; }

    /// <summary>Characters of the delimiter with which each continuation begins; none where there is none.</summary>
    public IReadOnlyList<int> Delimiters { get; init; } = [];

    /// <summary>
    /// The prompt in a model's chat template, as the harness has it: the description is said by the system, all else by the user, and the
    /// continuation is the assistant's, without a delimiter.
    /// </summary>
    public ChoicePrompt In(ConversationForm chat) => this with
    {
        Pairs = [.. Pairs.Select((pair, i) =>
            (chat.Asks(pair.Context, Description), pair.Continuation[Delimiters.ElementAtOrDefault(i)..]))],
    };
}

/// <summary>
/// Writes what a model reads, byte for byte as lm-evaluation-harness 0.4 does (<see cref="ShotTexts"/>): description, shots, document,
/// and the delimiter before what is scored.
/// </summary>
internal static class ChoicePrompts
{
    /// <summary>The prompts of all subjects, as the user wants them.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public static IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> Of(TaskDefinition task, TaskSettings settings)
    {
        var shots = settings.Shots ?? task.Shots.Count;
        return [.. TaskData.Read(task, settings.Benchmarks, shots > 0)
            .Select(subject => (subject.Name, Of(task, subject, shots, settings.Limit)))];
    }

    /// <summary>The prompts of a subject's documents, in their order.</summary>
    /// <param name="limit">Only the first documents; null all.</param>
    /// <exception cref="EspalierException">A document lacks what the task asks of it, or has fewer than two choices.</exception>
    public static IReadOnlyList<ChoicePrompt> Of(TaskDefinition task, TaskSubject subject, int shots, int? limit = null)
    {
        _ = Options(task);
        return [.. ShotTexts.Of(task, subject, shots, document => Shot(task, document), limit)
            .Select(asked => Prompt(task, asked.Document, asked.Before) with
            {
                Description = asked.Description,
            })];
    }

    private static ChoicePrompt Prompt(TaskDefinition task, TaskDocument document, string before)
    {
        var options = Options(task);
        var choices = options.Choices(document);
        IReadOnlyList<(string, string)> pairs = task.Kind is PartialKind partial
            ? [.. choices.Select(choice => (before + task.Prompt.Fill(document.With("option", choice)),
                task.Delimiter + partial.Continuation.Fill(document)))]
            : [.. choices.Select(choice => (before + task.Prompt.Fill(document), task.Delimiter + choice))];
        return new(document, pairs, choices, options.RightOnes(document, choices), options.HasSeveral)
        {
            Delimiters = [.. choices.Select(_ => task.Delimiter.Length)],
        };
    }

    private static string Shot(TaskDefinition task, TaskDocument document)
    {
        var options = Options(task);
        var choices = options.Choices(document);
        var right = choices[options.RightOnes(document, choices)[0]];
        return task.Kind is PartialKind partial
            ? task.Prompt.Fill(document.With("option", right)) + task.Delimiter + partial.Continuation.Fill(document) + task.Shots.Separator
            : task.Prompt.Fill(document) + task.Delimiter + right + task.Shots.Separator;
    }

    private static ChoiceOptions Options(TaskDefinition task) => task.Kind switch
    {
        ChoiceKind kind => kind.Options,
        PartialKind kind => kind.Options,
        _ => throw new EspalierException(
            $"{task.Source}: has no choices to compare: it is of kind {task.Kind.Name}, where the model writes its answers"),
    };
}
