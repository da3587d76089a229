using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>The checker's rules, each on a small case.</summary>
public sealed class CallCheckerTests
{
    // One parameter p of a type, with right values, and an argument.
    [Theory]
    [InlineData("string", "['New York, NY']", "'new york ny'", null)]
    [InlineData("string", "['New York, NY']", "'NEW-YORK_n.y/*^'", null)]
    [InlineData("string", "['New York, NY']", "'New York; NY'", "value_error:string")]
    [InlineData("string", "['say \"hi\"']", "\"say 'hi'\"", null)]
    [InlineData("string", "['5']", "5", "type_error:simple")]
    [InlineData("string", "['a', 'b']", "'b'", null)]
    [InlineData("string", "['']", "''", null)]
    [InlineData("string", "['']", "'a'", "value_error:string")]
    [InlineData("integer", "[1]", "1", null)]
    [InlineData("integer", "[1]", "True", "type_error:simple")]
    [InlineData("integer", "[1]", "1.0", "type_error:simple")]
    [InlineData("integer", "[1]", "'1'", "type_error:simple")]
    [InlineData("integer", "[1]", "2", "value_error:others")]
    [InlineData("integer", "[1, 2]", "2", null)]
    [InlineData("integer", "['x']", "x", null)]
    [InlineData("integer", "['x']", "'X'", "value_error:others")]
    [InlineData("integer", "['x']", "5", "value_error:others")]
    [InlineData("float", "[1.5]", "1.5", null)]
    [InlineData("float", "[2.0]", "2", null)]
    [InlineData("float", "[2]", "2", null)]
    [InlineData("float", "[1.0]", "True", "type_error:simple")]
    [InlineData("float", "[1.5]", "'1.5'", "type_error:simple")]
    [InlineData("float", "[1.5]", "1.6", "value_error:others")]
    [InlineData("boolean", "[true]", "True", null)]
    [InlineData("boolean", "[true]", "1", "type_error:simple")]
    [InlineData("boolean", "[true]", "False", "value_error:others")]
    [InlineData("boolean", "[true]", "'true'", "type_error:simple")]
    [InlineData("array:integer", "[[1, 2]]", "[1, 2]", null)]
    [InlineData("array:integer", "[[1, 2]]", "[2, 1]", "value_error:list/tuple")]
    [InlineData("array:integer", "[[1, 2]]", "[1, True]", "type_error:nested")]
    [InlineData("array:integer", "[[1, 2]]", "[1, 2.0]", "type_error:nested")]
    [InlineData("array:integer", "[[1, 2]]", "(1, 2)", "type_error:simple")]
    [InlineData("array:integer", "[[1, 2]]", "[1, 2, 3]", "value_error:list/tuple")]
    [InlineData("array:integer", "[[1, 2]]", "[]", "value_error:list/tuple")]
    [InlineData("array:integer", "['', [1, 2]]", "['x']", "value_error:list/tuple")]
    [InlineData("array:integer", "['', [1, 2]]", "[]", null)]
    [InlineData("array:float", "[[1.0, 2.0]]", "[1, 2]", "type_error:nested")]
    [InlineData("array:float", "[[1, 2]]", "[1, 2]", null)]
    [InlineData("array:float", "[[1, 2]]", "[1.0, 2]", null)]
    [InlineData("array:string", "[['A b', 'c']]", "['a.B', 'C']", null)]
    [InlineData("array:string", "[['A b', 'c']]", "['c', 'A b']", "value_error:list/tuple")]
    [InlineData("array:string", "['names']", "names", null)]
    [InlineData("array:array", "[[[1, 2], ['A']]]", "[[1, 2], ['A']]", null)]
    [InlineData("array:array", "[[[1, 2], ['A']]]", "[[1, 2], ['a']]", "value_error:list/tuple")]
    [InlineData("tuple:float", "[[1.5, 2.5]]", "(1.5, 2.5)", null)]
    [InlineData("tuple:float", "[[1.5, 2.5]]", "[1.5, 2.5]", null)]
    [InlineData("tuple:float", "[[1.5, 2.5]]", "(2.5, 1.5)", "value_error:list/tuple")]
    [InlineData("any", "['A b']", "'ab'", null)]
    [InlineData("any", "[5]", "5", null)]
    [InlineData("any", "[5]", "'5'", "value_error:others")]
    [InlineData("any", "[5]", "5.0", "type_error:simple")]
    [InlineData("dict", "[{'a': [1], 'b': ['', 'X y']}]", "{'a': 1}", null)]
    [InlineData("dict", "[{'a': [1], 'b': ['', 'X y']}]", "{'b': 'x-Y', 'a': 1}", null)]
    [InlineData("dict", "[{'a': [1], 'b': ['', 'X y']}]", "{'b': 'x-Y'}", "value_error:dict_key")]
    [InlineData("dict", "[{'a': [1], 'b': ['', 'X y']}]", "{'a': 1, 'c': 2}", "value_error:dict_key")]
    [InlineData("dict", "[{'a': [1], 'b': ['', 'X y']}]", "{'a': 2}", "value_error:dict_value")]
    [InlineData("dict", "[{'a': [1]}]", "{'a': True}", null)]
    [InlineData("dict", "[{'a': [1]}]", "{'a': '1'}", "value_error:dict_value")]
    [InlineData("dict", "[{'a': [[1, 2]]}]", "{'a': [2, 1]}", "value_error:dict_value")]
    [InlineData("dict", "[{'a': [1]}, {'b': [2]}]", "{'b': 2}", null)]
    [InlineData("dict", "[{'a': [1]}]", "[1]", "type_error:simple")]
    [InlineData("dict", "[{'a': [1]}]", "{1: 1, 'a': 1}", "value_error:dict_key")]
    [InlineData("dict", "['']", "{}", "dict_checker:unclear")]
    [InlineData("dict", "['', {}]", "{}", null)]
    [InlineData("array:dict", "[[{'a': [1]}, {'a': [2], 'b': ['', 3]}]]", "[{'a': 1}, {'a': 2}]", null)]
    [InlineData("array:dict", "[[{'a': [1]}, {'a': [2], 'b': ['', 3]}]]", "[{'a': 2}, {'a': 1}]", "value_error:dict_value")]
    [InlineData("array:dict", "[[{'a': [1]}, {'a': [2], 'b': ['', 3]}]]", "[{'a': 1}]", "value_error:list_dict_count")]
    [InlineData("array:dict", "[[{'a': [1]}]]", "['a']", "type_error:nested")]
    public void A_value_is_judged_by_its_type(string type, string right, string argument, string? fault)
    {
        var question = Question("simple_python", [("f", [("p", type)], ["p"])], [("f", $"{{'p': {right}}}")]);
        var verdict = FunctionCallScorer.Score(question, $"[f(p={argument})]");
        Assert.Equal(fault, verdict.Fault);
        Assert.Equal(fault is null, verdict.IsRight);
        Assert.Equal(fault is null, verdict.Reason is null);
    }

    [Theory]
    [InlineData("a.b(x=1)", null)]
    [InlineData("a.b(x=1, y=2)", null)]
    [InlineData("a_b(x=1)", null)]
    [InlineData("b(x=1)", "simple_function_checker:wrong_func_name")]
    [InlineData("A.b(x=1)", "simple_function_checker:wrong_func_name")]
    [InlineData("a.b(y=2)", "simple_function_checker:missing_required")]
    [InlineData("a.b(1, y=2)", "simple_function_checker:missing_required")]
    [InlineData("a.b(x=1, w=2)", "simple_function_checker:unexpected_param")]
    [InlineData("a.b(x=1, z=2)", "simple_function_checker:unexpected_param")]
    [InlineData("a.b(x=1, **y)", "simple_function_checker:unexpected_param")]
    [InlineData("a.b(x=1), a.b(x=1)", "simple_function_checker:wrong_count")]
    [InlineData("[]", "simple_function_checker:wrong_count")]
    [InlineData("I cannot.", "ast_decoder:decoder_failed")]
    public void A_call_is_judged_by_name_and_parameters(string answer, string? fault)
    {
        // z is a parameter that no right call has.
        var question = Question("simple_python", [("a.b", [("x", "integer"), ("y", "integer"), ("z", "integer")], ["x"])],
            [("a.b", "{'x': [1], 'y': ['', 2]}")]);
        Assert.Equal(fault, FunctionCallScorer.Score(question, answer).Fault);
    }

    [Fact]
    public void A_parameter_that_is_not_required_must_be_there_where_no_right_call_leaves_it_out()
    {
        var question = Question("simple_python", [("f", [("x", "integer"), ("y", "integer")], ["x"])], [("f", "{'x': [1], 'y': [2]}")]);
        Assert.Equal("simple_function_checker:missing_optional", FunctionCallScorer.Score(question, "f(x=1)").Fault);
    }

    [Theory]
    [InlineData("f(x=1), g(x='b'), f(x=2)", null)]
    [InlineData("f(x=2), f(x=1), g(x='B')", null)]
    [InlineData("f(x=1), f(x=1), g(x='b')", "parallel_function_checker_no_order:cannot_find_match")]
    [InlineData("f(x=1), g(x='b')", "parallel_function_checker_no_order:wrong_count")]
    [InlineData("f(x=1), f(x=2), g(x='b'), g(x='b')", "parallel_function_checker_no_order:wrong_count")]
    public void Calls_of_parallel_questions_have_no_order(string answer, string? fault)
    {
        var question = Question("parallel_multiple", [("f", [("x", "integer")], ["x"]), ("g", [("x", "string")], ["x"])],
            [("f", "{'x': [1]}"), ("g", "{'x': ['b']}"), ("f", "{'x': [2]}")]);
        Assert.Equal(fault, FunctionCallScorer.Score(question, answer).Fault);
    }

    [Fact]
    public void A_call_that_was_taken_is_not_given_back()
    {
        // The first right call takes f(x=1), which is the only one of the second.
        var question = Question("parallel", [("f", [("x", "integer")], ["x"])], [("f", "{'x': [1, 2]}"), ("f", "{'x': [1]}")]);
        Assert.Equal("parallel_function_checker_no_order:cannot_find_match", FunctionCallScorer.Score(question, "f(x=1), f(x=2)").Fault);
        Assert.True(FunctionCallScorer.Score(question, "f(x=2), f(x=1)").IsRight);
    }

    [Fact]
    public void Of_several_functions_the_right_one_is_called_once()
    {
        var question = Question("multiple", [("f", [("x", "integer")], ["x"]), ("g", [("x", "string")], ["x"])], [("g", "{'x': ['b']}")]);
        Assert.True(FunctionCallScorer.Score(question, "g(x='b')").IsRight);
        Assert.Equal("simple_function_checker:wrong_func_name", FunctionCallScorer.Score(question, "f(x=1)").Fault);
        Assert.Equal("multiple_function_checker:wrong_count", FunctionCallScorer.Score(question, "g(x='b'), g(x='b')").Fault);
    }

    [Theory]
    [InlineData("[f(x=1)]", true)]
    [InlineData("anything(at_all=True)", true)]
    [InlineData("<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>", true)]
    [InlineData("[]", false)]
    [InlineData("", false)]
    [InlineData("None of the functions can do that.", false)]
    public void Whether_there_is_a_call_decides_on_relevance(string answer, bool isCall)
    {
        var functions = new[] { ("f", new[] { ("x", "integer") }, new[] { "x" }) };
        var no = FunctionCallScorer.Score(Question("live_irrelevance", functions, []), answer);
        var yes = FunctionCallScorer.Score(Question("live_relevance", functions, []), answer);
        Assert.Equal(isCall ? "irrelevance_error:decoder_success" : null, no.Fault);
        Assert.Equal(isCall ? null : "relevance_error:decoder_failed", yes.Fault);
    }

    [Theory]
    [InlineData("simple_java", "integer", "[5]", "5", null)]
    [InlineData("simple_java", "integer", "[5]", "5L", "type_error:simple")]
    [InlineData("simple_java", "long", "[5]", "5L", null)]
    [InlineData("simple_java", "long", "[5]", "5", "type_error:simple")]
    [InlineData("simple_java", "float", "[1.5]", "1.5f", null)]
    [InlineData("simple_java", "float", "[1.5]", "1.5", "type_error:simple")]
    [InlineData("simple_java", "double", "[1.5]", "1.5", null)]
    [InlineData("simple_java", "boolean", "[true]", "true", null)]
    [InlineData("simple_java", "boolean", "[true]", "True", "type_error:simple")]
    [InlineData("simple_java", "integer", "['A.B']", "A.B", null)]
    [InlineData("simple_java", "any", "['A.B']", "a_b", null)]
    [InlineData("simple_java", "String", "['A b']", "\"a b\"", null)]
    [InlineData("simple_java", "Array:integer", "[[1, 2]]", "new int[]{1, 2}", null)]
    [InlineData("simple_java", "Array:integer", "[[1, 2]]", "new int[]{2, 1}", "value_error:list/tuple")]
    [InlineData("simple_java", "Array:integer", "['xs']", "xs", null)]
    [InlineData("simple_java", "ArrayList:String", "[['a', 'b']]", "new ArrayList<>(Arrays.asList(\"a\", \"B\"))", null)]
    [InlineData("simple_java", "ArrayList:long", "[[1, 2]]", "new ArrayList<Long>(Arrays.asList(1L, 2L))", null)]
    [InlineData("simple_java", "ArrayList:long", "[[1, 2]]", "new ArrayList<Long>(Arrays.asList(1, 2))", "type_error:nested")]
    [InlineData("simple_java", "HashMap", "[{'k': ['v'], 'n': [1]}]", "new HashMap<>() {{ put(\"k\", \"V\"); put(\"n\", 1); }}", null)]
    [InlineData("simple_java", "HashMap", "[{'k': ['v']}]", "new HashMap<>()", "value_error:dict_key")]
    [InlineData("simple_javascript", "integer", "[5]", "5", null)]
    [InlineData("simple_javascript", "Bigint", "[5]", "5n", null)]
    [InlineData("simple_javascript", "float", "[5.0]", "5", null)]
    [InlineData("simple_javascript", "Boolean", "[true]", "true", null)]
    [InlineData("simple_javascript", "String", "['A b']", "'a-B'", null)]
    [InlineData("simple_javascript", "array:String", "[['a', 'b']]", "['A', \"b\"]", null)]
    [InlineData("simple_javascript", "array:float", "[[60, 30]]", "[60, 30]", null)]
    [InlineData("simple_javascript", "array:integer", "[[1, 2]]", "new Array(1, 2)", null)]
    [InlineData("simple_javascript", "array:String", "['xs']", "xs", null)]
    [InlineData("simple_javascript", "dict", "[{'k': ['v'], 'n': [1], 'l': [['a']]}]", "{k: 'v', \"n\": 1, l: ['a']}", null)]
    [InlineData("simple_javascript", "dict", "[{'k': [true]}]", "{k: false}", "value_error:dict_value")]
    [InlineData("simple_javascript", "dict", "[{}]", "{}", null)]
    public void Values_of_code_are_converted_to_their_types(string category, string type, string right, string source, string? fault)
    {
        var question = Question(category, [("f", [("p", type)], ["p"])], [("f", $"{{'p': {right}}}")]);
        Assert.Equal(fault, FunctionCallScorer.Score(question, $"[f(p={source})]").Fault);
        var json = JsonSerializer.Serialize(source.Trim('"'));
        Assert.Equal(fault, FunctionCallScorer.Score(question, $"{{\"name\": \"f\", \"arguments\": {{\"p\": {json}}}}}").Fault);
        // Values of code are texts.
        Assert.StartsWith("type_error:j", FunctionCallScorer.Score(question, "{\"name\": \"f\", \"arguments\": {\"p\": 5}}").Fault);
    }

    private static FunctionCallQuestion Question(string category,
        (string Name, (string Name, string Type)[] Parameters, string[] Required)[] functions,
        (string Function, string Parameters)[] answers)
    {
        var described = functions.Select(function => $"{{'name': '{function.Name}', 'parameters': {{'type': 'dict', 'properties': {{"
            + string.Join(", ", function.Parameters.Select(one => one.Type.Split(':') is [var list, var item]
                ? $"'{one.Name}': {{'type': '{list}', 'items': {{'type': '{item}'}}}}" : $"'{one.Name}': {{'type': '{one.Type}'}}"))
            + $"}}, 'required': [{string.Join(", ", function.Required.Select(name => $"'{name}'"))}]}}}}");
        var right = answers.Select(answer => $"{{'{answer.Function}': {answer.Parameters}}}");
        var question = Document($"{{'id': '{category}_0', 'question': [[]], 'function': [{string.Join(", ", described)}]}}");
        return FunctionCallFiles.Question(question, new(category),
            FunctionCallFiles.Answers(Document($"{{'ground_truth': [{string.Join(", ", right)}]}}")));
    }

    // JSON with single quotes, and a backslash before a double one within a text.
    private static TaskDocument Document(string text) =>
        new(JsonDocument.Parse(text.Replace("\"", "\\\"", StringComparison.Ordinal).Replace('\'', '"')).RootElement.Clone(),
            "case, line 1", 0);
}
