using System.Text.RegularExpressions;
using Espalier.Evaluation.FunctionCalls;
using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.FunctionCalls.Values;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>BFCL's own possible answers are accepted, and what is changed in them is judged as the rules say.</summary>
public sealed partial class PossibleAnswerTests
{
    private const int MostCombinations = 24;

    private static readonly HashSet<string> s_keywords = ["from", "class", "lambda", "import", "global", "in", "is", "as", "with", "for"];

    // By BFCL's rules no value that is written out is right there: numbers and truth values in lists whose items become texts, and a
    // dict's value that is no list of right ones.
    private static readonly HashSet<string> s_impossible = ["simple_java_36", "simple_java_64", "simple_java_65"];

    public static TheoryData<string> Categories => [.. CallCategory.All.Where(one => one.HasAnswers).Select(one => one.Name)];

    [OutsideTheory("benchmarks/bfcl")]
    [MemberData(nameof(Categories))]
    public void Each_possible_answer_is_accepted(string category)
    {
        var (count, refused) = (0, new List<string>());
        foreach (var question in Read(category))
            foreach (var calls in Combinations(question))
                foreach (var answer in Written(question, calls))
                {
                    count++;
                    var verdict = FunctionCallScorer.Score(question, answer);
                    if (verdict.IsRight == IsImpossible(question))
                        refused.Add($"{question.Id}: {verdict.Fault} {verdict.Reason}: {answer}");
                }
        Assert.True(refused.Count == 0, string.Join('\n', refused.Take(20)) + $"\n{refused.Count} of {count}");
        Assert.True(count >= 16);
    }

    [OutsideTheory("benchmarks/bfcl")]
    [MemberData(nameof(Categories))]
    public void What_is_changed_in_them_is_judged_as_the_rules_say(string category)
    {
        var (count, wrong) = (0, new List<string>());
        foreach (var question in Read(category).Where(one => !IsImpossible(one)))
        {
            var calls = Combinations(question).First();
            foreach (var (name, changed, fault) in Mutations(question, calls))
            {
                count++;
                var verdict = FunctionCallScorer.Score(question, Json(changed));
                var found = question.Category.Goal == CallGoal.Parallel && fault.Contains(':', StringComparison.Ordinal)
                    && !fault.EndsWith("wrong_count", StringComparison.Ordinal)
                    ? "parallel_function_checker_no_order:cannot_find_match" : fault;
                if (verdict.Fault != (found.Length == 0 ? null : found))
                    wrong.Add($"{question.Id}, {name}: {verdict.Fault} for {found}: {Json(changed)}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)) + $"\n{wrong.Count} of {count}");
        Assert.True(count >= 100);
    }

    [OutsideTheory("benchmarks/bfcl")]
    [InlineData("irrelevance")]
    [InlineData("live_irrelevance")]
    [InlineData("live_relevance")]
    public void Of_other_questions_any_call_decides(string category)
    {
        foreach (var question in Read(category))
        {
            var call = question.Functions.Count == 0 ? "f(a=1)" : $"{question.Functions[0].Name}(a=1)";
            var isWanted = category == "live_relevance";
            Assert.Equal(isWanted, FunctionCallScorer.Score(question, $"[{call}]").IsRight);
            Assert.Equal(!isWanted, FunctionCallScorer.Score(question, "No function does that.").IsRight);
        }
    }

    private static IReadOnlyList<FunctionCallQuestion> Read(string category) =>
        FunctionCallFolder.Read(Fixtures.Outside("benchmarks", "bfcl"), new(category));

    // A change, the calls with it, and the fault; none where it stays right.
    private static IEnumerable<(string, List<FunctionCall>, string)> Mutations(FunctionCallQuestion question, List<FunctionCall> calls)
    {
        var count = question.Category.Goal switch
        {
            CallGoal.Parallel => "parallel_function_checker_no_order:wrong_count",
            CallGoal.Multiple => "multiple_function_checker:wrong_count",
            _ => "simple_function_checker:wrong_count",
        };
        yield return ("one call more", [.. calls, calls[0]], count);
        if (calls.Count > 1)
        {
            yield return ("one call less", calls[1..], count);
            if (!AreAlike(question, calls))
                yield return ("calls in another order", [.. calls.AsEnumerable().Reverse()], "");
        }
        yield return ("another name", [new(calls[0].Name + "x", calls[0].Arguments), .. calls[1..]],
            "simple_function_checker:wrong_func_name");
        yield return ("an underscore for a dot", [new(calls[0].Name.Replace('.', '_'), calls[0].Arguments), .. calls[1..]], "");
        yield return ("a parameter more", With("no such parameter", new PyText("x")), "simple_function_checker:unexpected_param");
        var answer = question.Answers[0];
        var function = question.Category.Goal == CallGoal.Simple ? question.Functions[0]
            : question.Functions.First(one => one.Name == answer.Function);
        foreach (var name in function.Required)
            yield return ($"{name} left out", With(name, null), "simple_function_checker:missing_required");
        foreach (var (key, value) in calls[0].Arguments.Entries)
        {
            var name = ((PyText)key).Text;
            var type = ParameterType.Find(function.Parameters[name], question.Category.Language)!;
            var right = answer.Values(name)!;
            if (question.Category.Language != CallLanguage.Python)
            {
                var fault = question.Category.Language == CallLanguage.Java ? "type_error:java" : "type_error:js";
                yield return ($"{name} as a number", With(name, new PyInt(1)), fault);
                yield return ($"{name} as a list", With(name, new PyList([value])), fault);
                continue;
            }
            if (!right.Any(PyNone.Instance.IsEqual))
                yield return ($"{name} is null", With(name, PyNone.Instance), "type_error:simple");
            if (value is PyInt or PyFloat && type.Value is "int" or "float")
            {
                yield return ($"{name} is true", With(name, new PyBool(true)), "type_error:simple");
                yield return ($"{name} is a text", With(name, new PyText("12")), "type_error:simple");
                yield return ($"{name} is far off", With(name, value is PyInt ? new PyInt(-987654321) : new PyFloat(-98765.4321)),
                    "value_error:others");
            }
            if (value is PyBool truth)
            {
                yield return ($"{name} is 1 or 0", With(name, new PyInt(truth.Whole)), "type_error:simple");
                if (!right.Any(new PyBool(!truth.Value).IsEqual))
                    yield return ($"{name} is the contrary", With(name, new PyBool(!truth.Value)), "value_error:others");
            }
            if (value is PyText text && type.Value == "str" && right.FirstOrDefault(one => !one.IsText("")) is PyText)
            {
                yield return ($"{name} in capitals, with dashes", With(name, new PyText(" -" + text.Text.ToUpperInvariant() + "_ ./")), "");
                yield return ($"{name} with a letter more", With(name, new PyText(text.Text + "qz")), "value_error:string");
                yield return ($"{name} is a number", With(name, new PyInt(5)), "type_error:simple");
                yield return ($"{name} is a list", With(name, new PyList([text])), "type_error:simple");
            }
            if (value is PyList { Items: { Count: > 0 } items } && type is { Value: "list", Item: not "dict" })
            {
                if (right.All(one => one is PyList))
                    yield return ($"{name} with an item of another type", With(name, new PyList([.. items, PyNone.Instance])),
                        "type_error:nested");
                yield return ($"{name} with an item twice", With(name, new PyList([.. items, items[0]])), "value_error:list/tuple");
                var reversed = new PyList([.. items.Reverse()]);
                if (!right.Any(reversed.IsEqual) && !reversed.IsEqual(value))
                    yield return ($"{name} in another order", With(name, reversed), "value_error:list/tuple");
                if (items[0] is not PyList)
                    yield return ($"{name} as its first item", With(name, items[0]), "type_error:simple");
            }
            if (value is PyList { Items: { Count: > 0 } dicts } && type is { Value: "list", Item: "dict" })
                yield return ($"{name} with a dict more", With(name, new PyList([.. dicts, dicts[0]])), "value_error:list_dict_count");
            if (value is PyDict dict && type.Value == "dict")
            {
                var more = new PyDict();
                foreach (var entry in dict.Entries)
                    more.Set(entry.Key, entry.Value);
                more.Set("no such key", new PyInt(1));
                yield return ($"{name} with a key more", With(name, more), "value_error:dict_key");
                yield return ($"{name} in a list", With(name, new PyList([dict])), "type_error:simple");
            }
        }

        List<FunctionCall> With(string name, PyValue? value)
        {
            var arguments = new PyDict();
            foreach (var entry in calls[0].Arguments.Entries)
                if (!entry.Key.IsText(name))
                    arguments.Set(entry.Key, entry.Value);
            if (value is not null)
                arguments.Set(name, value);
            return [new(calls[0].Name, arguments), .. calls[1..]];
        }
    }

    // Whether a call is right in another's place too: the order matters then, for what was taken is not given back.
    private static bool AreAlike(FunctionCallQuestion question, List<FunctionCall> calls) => question.Answers.Index().Any(answer =>
        calls.Index().Any(call => call.Index != answer.Index && FunctionCallScorer.Score(
            question with { Category = new("multiple"), Answers = [answer.Item] }, Json([call.Item])).IsRight));

    // A required parameter that no right call has, or the reverse of it: nothing is right, by whatever rules.
    private static bool IsImpossible(FunctionCallQuestion question) => s_impossible.Contains(question.Id)
        || question.Answers.Any(answer => question.Functions.First(
            one => one.Name == answer.Function || question.Category.Goal == CallGoal.Simple) is var function
            && (function.Required.Any(name => answer.Values(name) is null) || answer.Parameters.Any(one => one.Value.Count == 0)
                || answer.Parameters.Any(one => !function.Parameters.ContainsKey(one.Key) && !one.Value.Any(value => value.IsText("")))));

    // The first value of each parameter, then each other value of each, then what is optional left out.
    private static IEnumerable<List<FunctionCall>> Combinations(FunctionCallQuestion question)
    {
        var first = question.Answers.Select(answer => Call(question, answer, null, 0)).ToList();
        yield return first;
        foreach (var (at, answer) in question.Answers.Index())
        {
            foreach (var (name, values) in answer.Parameters)
                for (var i = 0; i < Math.Min(values.Count, MostCombinations); i++)
                    if (!values[i].IsText("") || !IsRequired(question, answer, name))
                        yield return [.. first[..at], Call(question, answer, name, i), .. first[(at + 1)..]];
        }
        yield return [.. question.Answers.Select(answer => Call(question, answer, null, 0, leavesOut: true))];
    }

    private static bool IsRequired(FunctionCallQuestion question, PossibleCall answer, string name) =>
        question.Functions.First(one => one.Name == answer.Function || question.Category.Goal == CallGoal.Simple).Required.Contains(name);

    private static FunctionCall Call(FunctionCallQuestion question, PossibleCall answer, string? changed, int choice,
        bool leavesOut = false)
    {
        var function = question.Functions.First(one => one.Name == answer.Function || question.Category.Goal == CallGoal.Simple);
        var arguments = new List<(string, PyValue)>();
        foreach (var (name, values) in answer.Parameters)
        {
            var value = name == changed ? values[choice] : values.FirstOrDefault(one => !one.IsText(""));
            if (!function.Parameters.TryGetValue(name, out var parameter) && values.Any(one => one.IsText("")))
                continue;
            // Nothing but an empty text is right, and it must be there: of a list, that is an empty one.
            if (value is null && IsRequired(question, answer, name))
                value = parameter?.Type == "array" ? new PyList([]) : new PyText("");
            if (leavesOut && !IsRequired(question, answer, name) && values.Any(one => one.IsText("")))
                continue;
            if (value is not null && (!value.IsText("") || IsRequired(question, answer, name)))
                arguments.Add((name, question.Category.Language == CallLanguage.Python ? Inner(value)
                    : new PyText(CodeText.Of(Inner(value), parameter!, question.Category.Language))));
        }
        return new(function.Name, Arguments(arguments));
    }

    private static PyDict Arguments(IEnumerable<(string, PyValue)> entries)
    {
        var arguments = new PyDict();
        foreach (var (name, value) in entries)
            arguments.Set(name, value);
        return arguments;
    }

    // Of a dict each key has a list of right values.
    private static PyValue Inner(PyValue value) => value switch
    {
        PyDict dict => Arguments(dict.Entries
            .Select(entry => (((PyText)entry.Key).Text, entry.Value is PyList { Items: var items }
                ? items.FirstOrDefault(item => !item.IsText("")) : entry.Value))
            .Where(entry => entry.Item2 is not null).Select(entry => (entry.Text, entry.Item2!))),
        PyList { Items: [PyDict, ..] items } => new PyList([.. items.Select(Inner)]),
        _ => value,
    };

    // Python where names allow it, and JSON.
    private static IEnumerable<string> Written(FunctionCallQuestion question, List<FunctionCall> calls)
    {
        if (question.Category.Language == CallLanguage.Python
            && calls.All(call => call.Name.Split('.').Concat(call.Arguments.Entries.Select(entry => ((PyText)entry.Key).Text))
                .All(name => Identifier().IsMatch(name) && !s_keywords.Contains(name))))
            yield return $"[{string.Join(", ", calls)}]";
        yield return Json(calls);
    }

    private static string Json(List<FunctionCall> calls) => $"[{string.Join(", ", calls.Select(call =>
        $"{{\"name\": {CodeText.Json(new PyText(call.Name))}, \"arguments\": {CodeText.Json(call.Arguments)}}}"))}]";

    [GeneratedRegex(@"^[A-Za-z_]\w*$")]
    private static partial Regex Identifier();
}
