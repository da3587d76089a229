using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>
/// Compares calls with the right ones by BFCL v4's rules (bfcl_eval/eval_checker/ast_eval/ast_checker.py). One point is wider: a dot in
/// a function's name may be an underscore of any model's, which BFCL allows those whose interface has no dots.
/// </summary>
internal static class CallChecker
{
    /// <summary>What is wrong with the calls of an answer; null where they are right.</summary>
    public static CallFinding? Check(FunctionCallQuestion question, IReadOnlyList<FunctionCall> calls) => question.Category.Goal switch
    {
        CallGoal.Irrelevance => calls.Count == 0 ? null
            : new(CallFaults.Irrelevant, $"calls {calls[0].Name}, but no function answers the question"),
        CallGoal.Relevance => calls.Count > 0 ? null : new(CallFaults.Relevant, "calls no function, but one of them answers the question"),
        CallGoal.Parallel => CheckParallel(question, calls),
        var goal when calls.Count != 1 => new(goal == CallGoal.Simple ? CallFaults.SimpleCount : CallFaults.MultipleCount,
            $"has {calls.Count} calls; 1 was expected"),
        CallGoal.Simple => CheckCall(question.Functions[0], calls[0], question.Answers[0], question.Category.Language),
        _ => CheckCall(Function(question, question.Answers[0]), calls[0], question.Answers[0], question.Category.Language),
    };

    // Right calls in their order, each with the first call not yet taken that fits; nothing is ever given back.
    private static CallFinding? CheckParallel(FunctionCallQuestion question, IReadOnlyList<FunctionCall> calls)
    {
        if (calls.Count != question.Answers.Count)
            return new(CallFaults.ParallelCount, $"has {calls.Count} calls; {question.Answers.Count} were expected");
        var isTaken = new bool[calls.Count];
        foreach (var answer in question.Answers)
        {
            var (function, reasons, found) = (Function(question, answer), new List<string>(), false);
            for (var i = 0; i < calls.Count && !found; i++)
            {
                if (isTaken[i])
                    continue;
                var finding = CheckCall(function, calls[i], answer, question.Category.Language);
                found = isTaken[i] = finding is null;
                if (finding is not null)
                    reasons.Add($"call {i + 1} {finding.Reason}");
            }
            if (!found)
                return new(CallFaults.NoMatch, $"has no call for one of {answer.Function}: {string.Join("; ", reasons)}");
        }
        return null;
    }

    private static FunctionDescription Function(FunctionCallQuestion question, PossibleCall answer) =>
        question.Functions.First(function => function.Name == answer.Function);

    private static CallFinding? CheckCall(FunctionDescription function, FunctionCall call, PossibleCall answer, CallLanguage language)
    {
        if (call.Name != function.Name && call.Name != function.Name.Replace('.', '_'))
            return new(CallFaults.FunctionName, $"calls {PyTexts.Clipped(new PyText(call.Name))}; {function.Name} was expected");
        foreach (var name in function.Required)
            if (call.Arguments.Get(name) is null)
                return new(CallFaults.MissingRequired, $"lacks the required parameter {name}");
        foreach (var (key, value) in call.Arguments.Entries)
        {
            if (key is not PyText { Text: var name } || !function.Parameters.TryGetValue(name, out var parameter)
                || answer.Values(name) is not { } right)
                return new(CallFaults.Unexpected, $"has the parameter {PyTexts.Clipped(key)}, which no correct call has");
            if (CheckArgument(name, parameter, value, right, language) is { } finding)
                return finding;
        }
        foreach (var (name, right) in answer.Parameters)
            if (call.Arguments.Get(name) is null && !right.Any(value => value.IsText("")))
                return new(CallFaults.MissingOptional, $"lacks the parameter {name}, which is required here");
        return null;
    }

    private static CallFinding? CheckArgument(string name, ParameterDescription parameter, PyValue value, IReadOnlyList<PyValue> right,
        CallLanguage language)
    {
        var type = ParameterType.Find(parameter, language)!;
        if (language != CallLanguage.Python)
        {
            if (value is not PyText { Text: var source })
                return new(language == CallLanguage.Java ? CallFaults.JavaText : CallFaults.JavaScriptText,
                    $"has a {value.TypeName} for {name}, but {language}'s values are texts: {PyTexts.Clipped(value)}");
            value = language == CallLanguage.Java ? JavaValues.Convert(source, parameter.Type, parameter.ItemType)
                : JavaScriptValues.Convert(source, parameter.Type, parameter.ItemType);
        }
        else if (parameter.Type == "tuple" && value is PyTuple { Items: var items })
            value = new PyList(items);
        else if (parameter.Type == "float" && value is PyInt whole)
            value = new PyFloat(PyNumbers.Nearest(whole.Whole));

        // A right value of another type stands for a variable: its name must be there to the letter.
        var rightType = TypeOfFirst(right);
        var isVariable = rightType is not null && rightType != type.Value;
        if (value.TypeName == type.Value)
        {
            if (type.Item is { } item && !right.Any(one => one is not PyList { Items: var rightItems }
                || (value is PySequence { Items: var valueItems } && valueItems.All(entry => HasType(entry, item, rightItems)))))
                return new(CallFaults.ItemType, $"has an item of another type than {item} in {name}: {PyTexts.Clipped(value)}");
        }
        else if (value.TypeName == rightType)
            isVariable = true;
        else
            return new(CallFaults.Type, $"has a {value.TypeName} for {name}, but its type is {parameter.Type}: {PyTexts.Clipped(value)}");

        return (isVariable, value) switch
        {
            (false, PyDict dict) => ValueRules.CheckDict(name, dict, right),
            (false, PyList list) when type.Item == "dict" => ValueRules.CheckDicts(name, list, right),
            (false, PyText text) => ValueRules.CheckText(name, text, right),
            (false, PyList list) => ValueRules.CheckList(name, list, right),
            _ => right.Any(value.IsEqual) ? null
                : new(CallFaults.OtherValue, $"has {PyTexts.Clipped(value)} for {name}; {ValueRules.OneOf(right)} was expected"),
        };
    }

    private static bool HasType(PyValue value, string type, IReadOnlyList<PyValue> right) =>
        value.TypeName == type || value.TypeName == TypeOfFirst(right);

    // An empty text says that a parameter may be left out, and has no type.
    private static string? TypeOfFirst(IReadOnlyList<PyValue> right) => right.FirstOrDefault(value => !value.IsText(""))?.TypeName;
}
