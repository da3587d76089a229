using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls.Decoding;
using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>
/// Calls of functions that a model writes, judged as BFCL judges them. Its subjects are the categories. The task's prompt is what
/// the system says: it has the functions as {functions} and their language as {language}.
/// </summary>
/// <param name="AnswerFiles">Files of the right calls, with * for the category.</param>
/// <param name="Categories">The categories that are asked; null all that are there.</param>
/// <param name="Syntax">How an answer is read.</param>
internal sealed record FunctionCallKind(
    IReadOnlyList<string> Stop, int MaxTokens, string AnswerFiles, IReadOnlyList<string>? Categories, CallSyntax Syntax)
    : WrittenKind(null, Stop, MaxTokens)
{
    /// <summary>Most tokens where a task says nothing: a call with its arguments.</summary>
    private const int CallTokens = 1024;

    public override string Name => "function-calls";

    public override IReadOnlyList<Metric> Metrics { get; } =
        [.. FunctionCallTotals.Names.Select(name => new Metric(name) { IsRightOrWrong = name == FunctionCallTotals.Accuracy })];

    public override IReadOnlyList<string> OtherFiles => [AnswerFiles];

    /// <summary>Reads its keys.</summary>
    public static FunctionCallKind Read(TaskFields fields)
    {
        var categories = fields.Texts("categories");
        string[] known = [.. CallCategory.All.Select(category => category.Name)];
        return categories?.FirstOrDefault(category => !known.Contains(category)) is { } other
            ? throw new EspalierException($"{fields.Place("categories")} has {other}; known: {string.Join(", ", known)}."
                + NearestName.Hint(other, known))
            : new(fields.Texts("stop") ?? [], fields.Number("max-tokens", CallTokens, least: 1), fields.Text("answers"), categories,
                fields.Word("syntax", CallSyntax.Any,
                    ("any", CallSyntax.Any), ("prompting", CallSyntax.Prompting), ("json", CallSyntax.Json)));
    }

    public override bool TakesChatTemplate => true;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if (settings.Shots > 0)
            throw new EspalierException($"task {task.Name}: takes no shots; leave --shots out");
        // The project's folder has further files of the same name, with questions of several turns.
        string[] wanted = [.. Categories ?? [.. CallCategory.All.Select(category => category.Name)]];
        var subjects = TaskData.Read(task, settings.Benchmarks, shots: false, wanted.Contains);
        if (Categories?.Except(subjects.Select(subject => subject.Name)).FirstOrDefault() is { } missing)
            throw new EspalierException($"task {task.Name}: {task.Test.Files} has no category {missing}");
        if (subjects.Count == 0)
            throw new EspalierException($"task {task.Name}: {task.Test.Files} has no category of BFCL's single turns");
        return new FunctionCallQuestions(task, this,
        [
            .. subjects.OrderBy(subject => Array.IndexOf(wanted, subject.Name)).Select(subject =>
            {
                var category = new CallCategory(subject.Name);
                TaskDocument[] right = [.. category.HasAnswers
                    ? TaskDocuments.Read(TaskData.FileOf(task, settings.Benchmarks, AnswerFiles, subject.Name), columns: null) : []];
                var questions = FunctionCallFiles.Questions(subject.Documents, right, category);
                return (subject.Name, (IReadOnlyList<FunctionCallQuestion>)[.. questions.Take(settings.Limit ?? int.MaxValue)]);
            })
        ]);
    }

    public override string TextOf(TaskDefinition task, TaskDocument document) =>
        string.Join(' ', FunctionCallFiles.Messages(document).Select(message => message.Text));

    /// <summary>What a model is asked: what the system says of the functions, and then the question's messages.</summary>
    public static IReadOnlyList<Message> Conversation(Template prompt, FunctionCallQuestion question)
    {
        var language = question.Category.Language switch
        {
            CallLanguage.Java => "Java",
            CallLanguage.JavaScript => "JavaScript",
            _ => "Python",
        };
        var system = prompt.Fill(question.Document.With("functions", question.FunctionJson).With("language", language));
        Message[] asked = [.. question.Messages.Select(message => new Message(message.Role, message.Text))];
        return asked is [{ Role: "system" } own, .. var rest] ? [Message.OfSystem($"{system}\n\n{own.Text}"), .. rest]
            : [Message.OfSystem(system), .. asked];
    }
}
