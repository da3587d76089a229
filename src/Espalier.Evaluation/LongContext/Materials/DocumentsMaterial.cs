using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Retrieval;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.LongContext.Materials;

/// <summary>Questions over documents of the user's (<see cref="DocumentsTask"/>).</summary>
/// <param name="Answers">The field of the right answers.</param>
/// <param name="Contexts">The field of the documents that answer it: a text, or a list of them.</param>
internal sealed record DocumentsMaterial(Template Question, string[] Answers, string[] Contexts) : RulerMaterial
{
    public override int UsualAnswerTokens => 32;

    public override bool HasDocuments => true;

    public override bool AnyCounts => true;

    /// <summary>Reads its keys.</summary>
    public static new DocumentsMaterial Read(TaskFields fields) => new(
        fields.Template("question"),
        RagFields.Field(fields, "answers") ?? throw fields.Missing("answers"),
        RagFields.Field(fields, "contexts") ?? throw fields.Missing("contexts"));

    public override RulerMaker Maker(TaskDefinition task, string? benchmarks)
    {
        DocumentQuestion[] questions = [.. TaskData.Read(task, task.Test, benchmarks).Select(Read)];
        return new(_ => new DocumentsTask(task.Prompt, questions), MostQuestions: questions.Length);
    }

    private DocumentQuestion Read(TaskDocument document)
    {
        string[] contexts = document.IsList(Contexts) ? document.Texts(Contexts) : [document.Text(Contexts)];
        return contexts.Length > 0 && contexts.All(static text => PythonText.Strip(text).Length > 0)
            ? new(Question.Fill(document), RagQuestion.AnswersOf(document, Answers), contexts)
            : throw new EspalierException($"{document.Place}: {string.Join('.', Contexts)} has no text that answers the question");
    }
}
