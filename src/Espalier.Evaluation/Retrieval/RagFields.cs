using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval;

/// <summary>Which fields of a document are the question and its answers.</summary>
/// <param name="Question">The question, of documents that are no conversation.</param>
/// <param name="Messages">The field of the conversation, of those that are one.</param>
/// <param name="Answers">The field of the right answers.</param>
internal sealed record RagFields(Template? Question, string[]? Messages, string[] Answers)
{
    /// <summary>Reads the keys question or messages, and answers.</summary>
    public static RagFields Read(TaskFields fields)
    {
        var read = new RagFields(fields.TemplateOrNull("question"), Field(fields, "messages"),
            Field(fields, "answers") ?? throw fields.Missing("answers"));
        return read.Question is null == read.Messages is null
            ? throw new EspalierException($"{fields.Place(read.Question is null ? "kind" : "question")}: a task of kind rag has either "
                + "question, a text, or messages, the field of a conversation")
            : read;
    }

    /// <summary>A document's question.</summary>
    /// <exception cref="EspalierException">A field is missing, or it has no question or no answer.</exception>
    public RagQuestion Of(TaskDocument document)
    {
        var turns = Messages is { } messages ? RagQuestion.TurnsOf(document, messages) : [new(true, Question!.Fill(document))];
        return PythonText.Strip(turns[^1].Text).Length > 0 ? new(document, turns, RagQuestion.AnswersOf(document, Answers))
            : throw new EspalierException($"{document.Place}: the question is empty");
    }

    /// <summary>A key that names one field, such as {answers}; null where it is not there.</summary>
    public static string[]? Field(TaskFields fields, string key) => fields.TemplateOrNull(key) is not { } template ? null
        : template.LoneField ?? throw new EspalierException($"{fields.Place(key)} must be one field, such as \"{{{key}}}\"");
}
