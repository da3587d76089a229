using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Questions;

/// <summary>
/// Reads BFCL v4's files: <c>BFCL_v4_{category}.json</c> with questions and functions, and the right calls beside it, as
/// <c>possible_answer_{category}.json</c> or, as the project has them, <c>possible_answer/BFCL_v4_{category}.json</c>.
/// </summary>
internal static class FunctionCallFiles
{
    /// <summary>The questions of a category with the calls that are right.</summary>
    /// <param name="right">The right calls, by the questions' ids.</param>
    /// <exception cref="EspalierException">The same.</exception>
    public static IReadOnlyList<FunctionCallQuestion> Questions(IReadOnlyList<TaskDocument> questions, IReadOnlyList<TaskDocument> right,
        CallCategory category)
    {
        if (!category.HasAnswers)
            return [.. questions.Select(question => Question(question, category, []))];
        var answers = new Dictionary<string, TaskDocument>();
        foreach (var answer in right)
            if (!answers.TryAdd(answer.Text(["id"]), answer))
                throw new EspalierException($"{answer.Place}: the id {answer.Text(["id"])} appears twice");
        return
        [
            .. questions.Select(question => Question(question, category, Answers(answers.TryGetValue(question.Text(["id"]), out var answer)
                ? answer : throw new EspalierException($"{question.Place}: {question.Text(["id"])} has no possible answer"))))
        ];
    }

    /// <summary>A question of its fields, with the calls that are right.</summary>
    /// <exception cref="EspalierException">The same.</exception>
    public static FunctionCallQuestion Question(TaskDocument document, CallCategory category, IReadOnlyList<PossibleCall> answers)
    {
        var described = Field(document, document.Fields, "function", "function", JsonValueKind.Array);
        var functions = described.EnumerateArray().Select((function, i) => Function(document, function, $"function[{i}]")).ToArray();
        if (functions.Length == 0 && category.HasAnswers)
            throw new EspalierException($"{document.Place}: function has no functions");
        if (answers.Count == 0 && category.HasAnswers)
            throw new EspalierException($"{document.Place}: its ground_truth has no calls, so no answer would be right");
        foreach (var (i, answer) in answers.Index())
        {
            var function = category.Goal == CallGoal.Simple ? functions[0] : functions.FirstOrDefault(one => one.Name == answer.Function)
                ?? throw new EspalierException($"{document.Place}: ground_truth[{i}] calls {answer.Function}, but the functions are "
                    + string.Join(", ", functions.Select(one => one.Name)));
            foreach (var (name, parameter) in function.Parameters)
                if (ParameterType.Find(parameter, category.Language) is null)
                    throw new EspalierException($"{document.Place}: parameter {name} of {function.Name} has the type {parameter.Type}"
                        + $"{(parameter.ItemType is { } item ? $" of {item}" : "")}, which {category.Language} does not have: "
                        + string.Join(", ", ParameterType.Names(category.Language)) + "; items of lists must have a type too");
        }
        return new(document.Text(["id"]), category, Messages(document), functions, described.GetRawText(), answers, document);
    }

    /// <summary>The right calls of an answer's fields.</summary>
    /// <exception cref="EspalierException">They have another form.</exception>
    public static IReadOnlyList<PossibleCall> Answers(TaskDocument answer) =>
    [
        .. Field(answer, answer.Fields, "ground_truth", "ground_truth", JsonValueKind.Array).EnumerateArray().Select((call, i) =>
        {
            if (call.ValueKind != JsonValueKind.Object || call.EnumerateObject().Count() != 1)
                throw new EspalierException($"{answer.Place}: ground_truth[{i}] is not one function with its parameters");
            var function = call.EnumerateObject().First();
            var path = $"{answer.Place}: ground_truth[{i}].{function.Name}";
            var fields = function.Value.ValueKind == JsonValueKind.Object ? function.Value.EnumerateObject().ToArray()
                : throw new EspalierException($"{path} has no named parameters");
            return new PossibleCall(function.Name, [.. fields.Select(field => KeyValuePair.Create<string, IReadOnlyList<PyValue>>(
                field.Name, PyJson.Value(field.Value) is PyList { Items: var values } ? values
                    : throw new EspalierException($"{path}.{field.Name} is not a list of values")))]);
        })
    ];

    private static FunctionDescription Function(TaskDocument document, JsonElement function, string path)
    {
        var name = Field(document, function, "name", path + ".name", JsonValueKind.String).GetString()!;
        var schema = Field(document, function, "parameters", path + ".parameters", JsonValueKind.Object);
        var parameters = new Dictionary<string, ParameterDescription>();
        var properties = path + ".parameters.properties";
        foreach (var property in Field(document, schema, "properties", properties, JsonValueKind.Object).EnumerateObject())
            parameters[property.Name] = new(
                Field(document, property.Value, "type", $"{properties}.{property.Name}.type", JsonValueKind.String).GetString()!,
                property.Value.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Object
                    && items.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null);
        var required = schema.TryGetProperty("required", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Where(one => one.ValueKind == JsonValueKind.String).Select(one => one.GetString()!) : [];
        return new(name, parameters, [.. required]);
    }

    /// <summary>What a question asks: one turn of messages, in the layout <c>[[{"role": ..., "content": ...}, ...]]</c>.</summary>
    /// <exception cref="EspalierException">It has another form.</exception>
    public static IReadOnlyList<(string Role, string Text)> Messages(TaskDocument document)
    {
        var turns = Field(document, document.Fields, "question", "question", JsonValueKind.Array);
        if (turns.GetArrayLength() != 1 || turns[0].ValueKind != JsonValueKind.Array)
            throw new EspalierException(
                $"{document.Place}: question has {turns.GetArrayLength()} turns; one list of messages was expected");
        return
        [
            .. turns[0].EnumerateArray().Select((message, i) => (
                Field(document, message, "role", $"question[0][{i}].role", JsonValueKind.String).GetString()!,
                Field(document, message, "content", $"question[0][{i}].content", JsonValueKind.String).GetString()!))
        ];
    }

    private static JsonElement Field(TaskDocument document, JsonElement parent, string name, string path, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == kind ? value
            : throw new EspalierException($"{document.Place}: {path} is missing, or not {kind.ToString().ToLowerInvariant()}");
}
