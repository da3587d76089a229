using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Retrieval.Scores;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval;

/// <summary>A question as its document has it.</summary>
/// <param name="Turns">The conversation; the last turn is the question.</param>
/// <param name="Answers">The right answers, at least one and none empty.</param>
internal sealed record RagQuestion(TaskDocument Document, IReadOnlyList<ChatTurn> Turns, IReadOnlyList<string> Answers)
{
    /// <summary>The last thing that the user asks.</summary>
    public string Last => Turns[^1].Text;

    /// <summary>Whether the passages hold no answer: the first right one is the benchmark's sentence (<see cref="Refusals"/>).</summary>
    public bool IsUnanswerable => Answers[0] == Refusals.Sentence;

    /// <summary>Reads the turns of a field: a list of objects with role (user or assistant) and content.</summary>
    /// <exception cref="EspalierException">It is no such list, or ends with a turn that is not the user's.</exception>
    public static IReadOnlyList<ChatTurn> TurnsOf(TaskDocument document, string[] path)
    {
        var (turns, name) = (new List<ChatTurn>(), string.Join('.', path));
        foreach (var entry in document.Entries(path))
        {
            if (entry.ValueKind != JsonValueKind.Object || Text(entry, "role") is not { } role || Text(entry, "content") is not { } content)
                throw new EspalierException(
                    $"{document.Place}: {name}[{turns.Count}] must be an object with the texts role and content");
            turns.Add(new(role switch
            {
                "user" => true,
                "assistant" => false,
                _ => throw new EspalierException(
                    $"{document.Place}: {name}[{turns.Count}] has the role '{role}'; only user and assistant are known"),
            }, content));
        }
        return turns is [.., { IsUser: true, Text.Length: > 0 }] ? turns
            : throw new EspalierException($"{document.Place}: {name} does not end with a user's question");
    }

    /// <summary>Reads the right answers of a field: a text, a number, or a list of texts.</summary>
    /// <exception cref="EspalierException">There is none that is not empty.</exception>
    public static IReadOnlyList<string> AnswersOf(TaskDocument document, string[] path)
    {
        var answers = document.IsList(path) ? document.Texts(path) : [document.Text(path)];
        string[] filled = [.. answers.Where(static answer => PythonText.Strip(answer).Length > 0)];
        return filled.Length > 0 ? filled
            : throw new EspalierException(
                $"{document.Place}: {string.Join('.', path)} has no answer; a question that the passages do not answer has "
                    + $"\"{Refusals.Sentence}\"");
    }

    /// <summary>Reads the passages that a document brings itself: a list of texts, or of objects with text and title.</summary>
    /// <exception cref="EspalierException">It is no such list.</exception>
    public static IReadOnlyList<Passage> PassagesOf(TaskDocument document, string[] path) =>
        [.. document.Entries(path).Select((entry, i) => entry.ValueKind == JsonValueKind.String ? new Passage("", "", entry.GetString()!)
            : entry.ValueKind == JsonValueKind.Object && Text(entry, "text") is { } text ? new("", Text(entry, "title") ?? "", text)
            : throw new EspalierException(
                $"{document.Place}: {string.Join('.', path)}[{i}] must be a text, or an object with text and title"))];

    private static string? Text(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
