using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Texts;

/// <summary>A document as it is asked: the text that a model continues.</summary>
internal sealed record GeneratedPrompt(TaskDocument Document, string Text)
{
    /// <summary>Characters of the description, with which the text begins.</summary>
    public int Description { get; init; }

    /// <summary>
    /// The prompt in a model's chat template, as the harness has it: the description is said by the system, all else by the user.
    /// </summary>
    public GeneratedPrompt In(ConversationForm chat) => this with { Text = chat.Asks(Text, Description) };
}

/// <summary>
/// Writes what a model continues, byte for byte as lm-evaluation-harness 0.4 does (<see cref="ShotTexts"/>): description, shots and
/// document, and nothing after it.
/// </summary>
internal static class GeneratedPrompts
{
    /// <summary>The prompts of a subject's documents, in their order.</summary>
    /// <param name="limit">Only the first documents; null all.</param>
    /// <exception cref="EspalierException">The task asks for choices, or a document lacks what the task asks of it.</exception>
    public static IReadOnlyList<GeneratedPrompt> Of(TaskDefinition task, TaskSubject subject, int shots, int? limit = null)
    {
        if (task.Kind is not WrittenKind kind)
            throw new EspalierException($"{task.Source}: asks for choices, not text: it is of kind {task.Kind.Name}");
        if (shots > 0 && kind.Target is null)
            throw new EspalierException($"task {task.Name}: has no target, so there is nothing to show as a shot; leave --shots out");
        return [.. ShotTexts.Of(task, subject, shots, Shot, limit)
            .Select(asked => new GeneratedPrompt(asked.Document, asked.Before + task.Prompt.Fill(asked.Document))
            {
                Description = asked.Description,
            })];

        string Shot(TaskDocument document) =>
            task.Prompt.Fill(document) + task.Delimiter + kind.Target!.Fill(document) + task.Shots.Separator;
    }
}
