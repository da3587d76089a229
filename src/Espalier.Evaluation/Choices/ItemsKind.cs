using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Choices;

/// <summary>
/// Multiple-choice items whose fields say all, so that no task's file is needed: <c>context</c>, or <c>question</c>, which is asked as
/// <c>Question: ...</c> and a line below it <c>Answer:</c>; <c>choices</c>; and <c>answer</c>, from 0. Between context and choice stands
/// one blank, unless either brings one along.
/// </summary>
internal sealed record ItemsKind : TaskKind
{
    /// <summary>Most choices of an item.</summary>
    public const int MostChoices = 64;

    private const string Example = """{"context": "The sky is", "choices": ["blue", "green"], "answer": 0}""";

    public override string Name => "choice";

    public override IReadOnlyList<Metric> Metrics { get; } = [new("acc"), new("acc_norm"), new("acc_bytes")];

    public override IReadOnlyList<TaskLoss> Losses => [ChoiceResult.LossPerCharacter(Metrics[0])];

    public override bool HasPrompt => false;

    public override bool TakesChatTemplate => true;

    public override bool TakesShots => false;

    public override string TextOf(TaskDefinition task, TaskDocument document) => Prompt(document).Pairs[0].Context;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if (settings.Shots > 0)
            throw new EspalierException(
                $"{task.Source}: items take no shots; leave shots out, or write a task file (docs/tasks.md)");
        return new ChoiceQuestions([.. TaskData.Read(task, settings.Benchmarks, shots: false).Select(subject => (subject.Name,
            (IReadOnlyList<ChoicePrompt>)[.. subject.Documents.Take(settings.Limit ?? int.MaxValue).Select(Prompt)]))]);
    }

    private static ChoicePrompt Prompt(TaskDocument document)
    {
        var (context, choices) = (Context(document), Choices(document));
        var blanks = choices.Select(choice =>
            context.Length == 0 || char.IsWhiteSpace(context[^1]) || char.IsWhiteSpace(choice[0]) ? "" : " ").ToArray();
        return new(document, [.. choices.Zip(blanks, (choice, blank) => (context, blank + choice))],
            [.. choices.Select(choice => choice.Trim())], [Answer(document, choices.Length)])
        {
            Delimiters = [.. blanks.Select(blank => blank.Length)],
        };
    }

    private static string Context(TaskDocument document)
    {
        if (Field(document, "context") is { ValueKind: JsonValueKind.String } context)
            return context.GetString()!;
        if (Field(document, "question") is { ValueKind: JsonValueKind.String } question)
            return $"Question: {question.GetString()}\nAnswer:";
        throw new EspalierException($"{document.Place}: neither context nor question is a text; an item looks like {Example}");
    }

    private static string[] Choices(TaskDocument document)
    {
        if (Field(document, "choices") is not { ValueKind: JsonValueKind.Array } choices
            || choices.GetArrayLength() is < 2 or > MostChoices)
            throw new EspalierException($"{document.Place}: choices must be a list of 2 to {MostChoices} texts; an item looks like "
                + $"{Example}");
        return [.. choices.EnumerateArray()
            .Select((choice, i) => choice.ValueKind == JsonValueKind.String && choice.GetString()!.Trim().Length > 0 ? choice.GetString()!
            : throw new EspalierException($"{document.Place}: choices[{i}] is not a non-empty text"))];
    }

    private static int Answer(TaskDocument document, int choices)
    {
        var answer = Field(document, "answer");
        return answer is { ValueKind: JsonValueKind.Number } && answer.TryGetInt32(out var right) && right >= 0 && right < choices ? right
            : throw new EspalierException(
                $"{document.Place}: answer is {(answer.ValueKind == JsonValueKind.Undefined ? "missing" : OneLine.Clipped(answer.GetRawText()))}; it must be a whole number from 0 to {choices - 1}, the right one of the {choices} choices");
    }

    private static JsonElement Field(TaskDocument document, string name) =>
        document.Fields.TryGetProperty(name, out var value) ? value : default;
}
