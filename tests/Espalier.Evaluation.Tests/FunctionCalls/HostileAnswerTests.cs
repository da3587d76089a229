using Espalier.Evaluation.FunctionCalls.Decoding;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>Whatever a model writes, reading it ends, with calls or without.</summary>
public sealed class HostileAnswerTests
{
    private const int Long = 10_000_000;

    private static string Many(string piece, int count = Long) => string.Concat(Enumerable.Repeat(piece, count / piece.Length));

    private static string Answer(string name) => name switch
    {
        "brackets" => Many("["),
        "braces" => Many("{"),
        "calls in calls" => Many("f(a=") + "1",
        "closed calls in calls" => Many("f(a=", 40_000) + "1" + Many(")", 10_000),
        "closed brackets" => "f(a=" + Many("[", 5_000) + Many("]", 5_000) + ")",
        "a text without end" => "f(a='" + Many("x"),
        "a text of backslashes" => "f(a='" + Many("\\"),
        "minus signs" => "f(a=" + Many("-") + "1)",
        "nots" => "f(a=" + Many("not ") + "1)",
        "a sum" => "f(a=" + Many("1+") + "1)",
        "powers" => "f(a=" + Many("9**", 3_000) + "9)",
        "a large power" => "f(a=9**9**9**9)",
        "a long repetition" => "f(a='x'*999999999999)",
        "dots" => "f" + Many(".a") + "(b=1)",
        "indexes" => "f(a=b" + Many("[0]") + ")",
        "conditions" => "f(a=" + Many("1 if 1 else ") + "1)",
        "comparisons" => "f(a=" + Many("1<") + "1)",
        "lambdas" => "f(a=" + Many("lambda: ") + "1)",
        "digits" => "f(a=" + Many("9") + ")",
        "null characters" => Many("\0"),
        "halves of characters" => "f(a='\ud800', \udc00=1)",
        "fences" => Many("```\n"),
        "tags" => Many("<tool_call>"),
        "closed tags" => Many("<tool_call></tool_call>"),
        "json brackets" => "{\"name\": \"f\", \"arguments\": {\"a\": " + Many("[", 100_000),
        "json objects" => Many("{\"a\":"),
        "json commas" => Many(","),
        "json digits" => "{\"name\": \"f\", \"arguments\": {\"a\": " + Many("9") + "}}",
        "slashes" => "f(a=" + Many("/"),
        "slashes in brackets" => "f(a=" + Many("/", 900_000) + ")",
        "new" => "f(a=" + Many("new ", 900_000) + "b())",
        "generics" => "f(a=new A" + Many("<", 900_000) + ")",
        "arrows" => "f(a=" + Many("b->", 900_000) + "1)",
        "fat arrows" => "f(a=" + Many("b=>", 900_000) + "1)",
        "questions" => "f(a=" + Many("b?", 900_000) + "1" + Many(":1", 900_000) + ")",
        "assignments" => "f(" + Many("a=", 900_000) + "1)",
        "parts of code" => "f(a=b" + Many(".c", 900_000) + ")",
        "arrays of arrays" => "f(a=new int[]" + Many("{", 500) + Many("}", 500) + ")",
        "casts" => "f(a=" + Many("(a) ", 900_000) + "b)",
        "quotes" => Many("'"),
        "prose" => Many("I would call f(a=1), and then g. "),
        "32 MB" => Many("x", 32_000_000),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    [Theory]
    [InlineData("brackets")]
    [InlineData("braces")]
    [InlineData("calls in calls")]
    [InlineData("closed calls in calls")]
    [InlineData("closed brackets")]
    [InlineData("a text without end")]
    [InlineData("a text of backslashes")]
    [InlineData("minus signs")]
    [InlineData("nots")]
    [InlineData("a sum")]
    [InlineData("powers")]
    [InlineData("a large power")]
    [InlineData("a long repetition")]
    [InlineData("dots")]
    [InlineData("indexes")]
    [InlineData("conditions")]
    [InlineData("comparisons")]
    [InlineData("lambdas")]
    [InlineData("digits")]
    [InlineData("null characters")]
    [InlineData("fences")]
    [InlineData("tags")]
    [InlineData("closed tags")]
    [InlineData("json brackets")]
    [InlineData("json objects")]
    [InlineData("json commas")]
    [InlineData("json digits")]
    [InlineData("slashes")]
    [InlineData("slashes in brackets")]
    [InlineData("fat arrows")]
    [InlineData("assignments")]
    [InlineData("parts of code")]
    [InlineData("arrays of arrays")]
    [InlineData("casts")]
    [InlineData("new")]
    [InlineData("generics")]
    [InlineData("arrows")]
    [InlineData("questions")]
    [InlineData("quotes")]
    [InlineData("prose")]
    [InlineData("32 MB")]
    public void Reading_ends_without_a_call(string name)
    {
        var answer = Answer(name);
        foreach (var language in Enum.GetValues<CallLanguage>())
            foreach (var syntax in Enum.GetValues<CallSyntax>())
            {
                var decoded = CallDecoder.Decode(answer, language, syntax);
                // Java and JavaScript do not compute: some of these are calls there.
                Assert.True(decoded.Calls.Count == 0 || language != CallLanguage.Python);
            }
    }

    [Fact]
    public void Half_a_character_is_no_name() =>
        Assert.Empty(CallDecoder.Decode(Answer("halves of characters"), CallLanguage.Python).Calls);

    [Fact]
    public void A_long_answer_that_is_a_call_is_read()
    {
        var text = Many("word ");
        var call = Assert.Single(CallDecoder.Decode($"[f(a='{text}', b=[{Many("1, ", 300_000)}])]", CallLanguage.Python).Calls);
        Assert.True(call.Arguments.Get("a")!.IsText(text));
    }
}
