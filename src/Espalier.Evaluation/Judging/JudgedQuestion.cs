using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Judging;

/// <summary>A question of one turn or two, whose answers a judge grades.</summary>
/// <param name="Category">What it is about; empty where the document does not say.</param>
/// <param name="Turns">What is asked, turn by turn.</param>
/// <param name="References">An answer to each turn that the judge sees; null where it judges without.</param>
internal sealed record JudgedQuestion(
    TaskDocument Document, string Category, IReadOnlyList<string> Turns, IReadOnlyList<string>? References)
{
    /// <summary>Most turns: for more there are no prompts.</summary>
    public const int MostTurns = 2;

    private static readonly string[] s_id = ["question_id"], s_category = ["category"], s_turns = ["turns"];
    private static readonly string[] s_referenceTurns = ["choices", "0", "turns"];

    /// <summary>Its name.</summary>
    public string Id => Document.Text(s_id);

    /// <summary>
    /// Questions in the layout of MT-Bench (arXiv 2306.05685): question_id, category and turns; references have question_id and
    /// choices[0].turns.
    /// </summary>
    /// <param name="referenced">Categories whose questions are judged with a reference, each of which must have one.</param>
    /// <exception cref="EspalierException">
    /// A question has no turns or more than two, or lacks its reference; its place is named.
    /// </exception>
    public static IReadOnlyList<JudgedQuestion> Of(IReadOnlyList<TaskDocument> documents, IReadOnlyList<TaskDocument> references,
        IReadOnlyCollection<string> referenced)
    {
        var known = new Dictionary<string, TaskDocument>(StringComparer.Ordinal);
        foreach (var reference in references)
            if (!known.TryAdd(reference.Text(s_id), reference))
                throw new EspalierException($"{reference.Place}: the reference of question {reference.Text(s_id)} appears twice");
        return [.. documents.Select(document =>
        {
            var category = document.Fields.TryGetProperty("category", out _) ? document.Text(s_category) : "";
            var turns = TurnsOf(document);
            if (turns.Length is 0 or > MostTurns)
                throw new EspalierException($"{document.Place}: turns has {turns.Length} entries; 1 or {MostTurns} were expected");
            return new JudgedQuestion(document, category, turns,
                referenced.Contains(category) ? Reference(document, known, category, turns.Length) : null);
        })];
    }

    /// <summary>What a document asks, turn by turn.</summary>
    /// <exception cref="EspalierException">It has no turns; its place is named.</exception>
    public static string[] TurnsOf(TaskDocument document) => document.Texts(s_turns);

    private static string[] Reference(TaskDocument document, Dictionary<string, TaskDocument> known, string category, int turns)
    {
        if (!known.TryGetValue(document.Text(s_id), out var reference))
            throw new EspalierException(
                $"{document.Place}: question {document.Text(s_id)} is about {category}, which is judged with a reference, but has none");
        var answers = reference.Texts(s_referenceTurns);
        return answers.Length >= turns ? answers
            : throw new EspalierException($"{reference.Place}: answers {answers.Length} turns, but the question has {turns}");
    }
}
