using Espalier.Evaluation.FunctionCalls.Decoding;
using Espalier.Evaluation.FunctionCalls.Questions;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>Calls as JSON, in fences, and in Java's and JavaScript's syntax.</summary>
public sealed class OtherCallTests
{
    [Theory]
    [InlineData("{\"name\": \"a.b\", \"arguments\": {\"x\": 1, \"y\": 1.0, \"z\": [true, null]}}", "a.b(x=1, y=1.0, z=[True, None])")]
    [InlineData("[{\"name\": \"f\", \"parameters\": {}}, {\"name\": \"g\", \"arguments\": {\"x\": \"y\"}}]", "f(); g(x='y')")]
    [InlineData(
        "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call>\n"
        + "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>",
        "f(x=1); g()")]
    [InlineData("Surely.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</tool_call> There.", "f(x=1)")]
    [InlineData("<tool_call>\nnonsense\n</tool_call><tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", "f()")]
    [InlineData("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}", "")]
    [InlineData("<think>f or g?</think>\n\n{\"name\": \"f\", \"arguments\": {}}", "f()")]
    [InlineData("```json\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n```", "f(x=1)")]
    [InlineData("Here:\n```python\n[f(x=1)]\n```\nDone.", "f(x=1)")]
    [InlineData("<|python_tag|>{\"name\": \"f\", \"parameters\": {\"x\": \"1\"}}; {\"name\": \"f\", \"parameters\": {\"x\": 2}}",
        "f(x='1'); f(x=2)")]
    [InlineData("{'name': 'f', 'parameters': {'x': True}}", "f(x=True)")]
    [InlineData("{\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{\\\"x\\\": 1}\"}}", "f(x=1)")]
    [InlineData("{\"function\": \"f\", \"parameters\": {\"x\": 1}}", "f(x=1)")]
    [InlineData("{\"name\": \"f\", \"arguments\": {\"x\": 1}} and more", "")]
    [InlineData("{\"name\": \"Ada\", \"age\": 36}", "")]
    [InlineData("{\"name\": 5, \"arguments\": {}}", "")]
    [InlineData("{\"name\": \"f\", \"arguments\": [1]}", "")]
    [InlineData("[1, 2]", "")]
    [InlineData("null", "")]
    public void Json_is_read_where_there_is_no_call_in_pythons_syntax(string answer, string calls)
    {
        Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.Python).Calls));
        if (!answer.Contains("python\n", StringComparison.Ordinal))
            Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.Python, CallSyntax.Json).Calls));
        // A model without tools of its own must write Python.
        Assert.Empty(CallDecoder.Decode(answer, CallLanguage.Python, CallSyntax.Prompting).Calls);
    }

    [Theory]
    [InlineData("A.b(x=\"t, u\", y=5L, z=true, w='c')", "A.b(x='t, u', y='5L', z='true', w='c')")]
    [InlineData("[a(x=new int[] { 1, 2 }, y=new String[]{\"p\", \"q\"})]", "a(x='new int[]{1,2}', y='new String[]{\"p\",\"q\"}')")]
    [InlineData("a(x=new ArrayList<Integer>(Arrays.asList(1, 2)))", "a(x='new ArrayList<Integer>(Arrays.asList(1, 2))')")]
    [InlineData("a(x = new Q( \"n\",new P(1 , 2) ), y=B.c( 1 ))", "a(x='new Q(\"n\", new P(1, 2))', y='B.c( 1 )')")]
    [InlineData("a(x=Foo.class, y=E.SOME, z=-1.5f, v=null, w=A::b)", "a(x='Foo.class', y='E.SOME', z='-1.5f', v='null', w='A::b')")]
    [InlineData("a(x=(int) 5, y=b -> b + 1, z=1 + 2, w=q ? 1 : 2)", "a(x='(int)5', y='b->b+1', z='1+2', w='q?1:2')")]
    [InlineData("a(\"left out\", 5, x=1);", "a(x='1')")]
    [InlineData("a(name, x=1)", "a(None='name', x='1')")]
    [InlineData("a(x=1); b(y=2);", "a(x='1')")]
    [InlineData("a(x=1, x=2)", "")]
    [InlineData("a(x=1), b(y=2)", "")]
    [InlineData("a(x=new int[5])", "")]
    [InlineData("a(x={1, 2})", "")]
    [InlineData("a(x=[1, 2])", "")]
    [InlineData("a(x=\"t)", "")]
    [InlineData("a(x=1", "")]
    [InlineData("x", "")]
    [InlineData("I would call a.", "")]
    public void Javas_values_are_texts(string answer, string calls)
    {
        Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.Java, CallSyntax.Prompting).Calls));
        Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.Java).Calls));
    }

    [Fact]
    public void A_maps_entries_are_read_though_the_reference_leaves_them_out()
    {
        const string Answer = "a(x=new HashMap<String, Object>() {{ put(\"k\", 1); }})";
        Assert.Equal("a(x='new HashMap<String,Object>() {{ put(\"k\", 1); }}')",
            CallDecoder.Decode(Answer, CallLanguage.Java).Calls[0].ToString());
        Assert.Equal("a(x='new HashMap<String,Object>()')",
            CallDecoder.Decode(Answer, CallLanguage.Java, CallSyntax.Prompting).Calls[0].ToString());
    }

    [Theory]
    [InlineData("a.b(x='t', y=\"u\", z=true, w=[1, 2 ], v={ k: \"v\", 'm': [1] })",
        "a.b(x='t', y='u', z='true', w='[1, 2 ]', v='{ k: \"v\", \\'m\\': [1] }')")]
    [InlineData("a(x=new Date(\"2020\"), y=(e) => e.f(1), z=function (q) { return q; }, w=`t`, v=5n)",
        "a(x='new Date(\"2020\")', y='(e) => e.f(1)', z='function (q) { return q; }', w='`t`', v='5n')")]
    [InlineData("a(x=/[/]b/g, y=b?.c ?? d, z=-1)", "a(x='/[/]b/g', y='b?.c ?? d', z='-1')")]
    [InlineData("a(true, x=1)", "a(None='true', x='1')")]
    [InlineData("a(false, 5, \"t\", x=1)", "a(x='1')")]
    [InlineData("a(x=1), b(y=2)", "")]
    [InlineData("a(x=1, x=2)", "")]
    [InlineData("a(x=)", "")]
    [InlineData("a(x={k: })", "")]
    [InlineData("new a(x=1)", "")]
    public void JavaScripts_values_are_texts(string answer, string calls)
    {
        Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.JavaScript, CallSyntax.Prompting).Calls));
        Assert.Equal(calls, string.Join("; ", CallDecoder.Decode(answer, CallLanguage.JavaScript).Calls));
    }
}
