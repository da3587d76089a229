using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval;

/// <summary>Where the passages of questions come from: a set that is searched, or the documents themselves.</summary>
/// <param name="Top">Passages of a question at most.</param>
/// <param name="Own">The field of the passages that a document brings; null where a set is searched.</param>
/// <param name="Set">The set; null where documents bring their passages.</param>
internal sealed record PassageSource(int Top, string[]? Own, PassageSource.SetRules? Set)
{
    // ChatRAG-Bench's number (scripts/arguments.py).
    private const int UsualTop = 5;

    /// <summary>A set of passages.</summary>
    /// <param name="Id">A passage's name; null its place in the file.</param>
    /// <param name="Title">Its title; null none.</param>
    /// <param name="ByConversation">Whether it is searched by all turns that are shown, else by the last question alone.</param>
    internal sealed record SetRules(
        DocumentFiles Files, Template? Id, Template? Title, Template Text, bool ByConversation, Bm25Options Options);

    /// <summary>Reads the keys top, and contexts or passages.</summary>
    public static PassageSource Read(TaskFields fields)
    {
        var source = new PassageSource(fields.Number("top", UsualTop, least: 1), RagFields.Field(fields, "contexts"),
            ReadSet(fields.Inner("passages")));
        return source.Own is null == source.Set is null
            ? throw new EspalierException($"{fields.Place(source.Own is null ? "kind" : "contexts")}: a task of kind rag has either "
                + "passages, a set to search, or contexts, the documents' field of passages")
            : source;
    }

    /// <summary>Finds the passages of a question; the set is read and counted once.</summary>
    /// <param name="benchmarks">The folder of benchmarks.</param>
    /// <exception cref="EspalierException">The set is not there, or empty.</exception>
    public Func<RagQuestion, IReadOnlyList<ChatTurn>, IReadOnlyList<Passage>> Finder(TaskDefinition task, string? benchmarks)
    {
        if (Own is { } own)
            return (question, _) => [.. RagQuestion.PassagesOf(question.Document, own).Take(Top)];
        var rules = Set!;
        var set = new RetrievalSet(RetrievalSet.Read(TaskData.Read(task, rules.Files, benchmarks), rules.Id, rules.Title, rules.Text),
            rules.Files.Files, rules.Options);
        return (question, shown) => set.Find(
            rules.ByConversation ? string.Join('\n', shown.Select(static turn => turn.Text)) : question.Last, Top);
    }

    private static SetRules? ReadSet(TaskFields? fields)
    {
        if (fields is null)
            return null;
        var usual = new Bm25Options();
        var rules = new SetRules(
            DocumentFiles.Read(fields), fields.TemplateOrNull("id"), fields.TemplateOrNull("title"), fields.Template("text"),
            fields.Word("search-by", true, ("conversation", true), ("question", false)),
            new(fields.Number("k1", usual.K1, 0, 1000), fields.Number("b", usual.B, 0, 1)));
        fields.Close();
        return rules;
    }
}
