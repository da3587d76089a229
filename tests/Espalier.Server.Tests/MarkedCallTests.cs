using System.Text;
using Espalier.Models.Grammars;
using Espalier.Server.Tools;
using Espalier.Tests;

namespace Espalier.Server.Tests;

/// <summary>Calls in marks, as Qwen3-Coder writes them: parameters are texts, and their schema says what else they stand for.</summary>
public sealed class MarkedCallTests
{
    private const string Tools = """
        [{"type":"function","function":{"name":"plan","parameters":{"type":"object","required":["what"],
            "$defs":{"day":{"enum":["mon","tue"]}},"properties":{"what":{"type":"string"},"count":{"type":"integer"},"far":{"type":"boolean"},"list":{"type":"array"},
            "map":{"anyOf":[{"type":"object"},{"type":"null"}]},"day":{"$ref":"#/$defs/day"},"price":{"type":["number","null"]},
            "note":{"type":["string","null"]},"any":{}}}}},
         {"type":"function","function":{"name":"stop"}}]
        """;

    [Fact]
    public void A_schema_that_refers_to_itself_is_read_once()
    {
        var parts = string.Join(",", Enumerable.Repeat("{\"$ref\":\"#/$defs/part\"}", 8));
        var tools = JsonNode.Parse("""
            [{"type":"function","function":{"name":"plan","parameters":{"type":"object",
              "$defs":{"part":{"anyOf":[{"type":"integer"},PARTS]},
                "word":{"anyOf":[{"enum":["a"]},{"$ref":"#/$defs/word"},{"$ref":"#/$defs/word"}]}},
              "properties":{"count":{"$ref":"#/$defs/part"},"word":{"$ref":"#/$defs/word"}}}}}]
            """.Replace("PARTS", parts, StringComparison.Ordinal))!.AsArray();
        var known = new KnownTools(tools);
        Assert.Equal((ValueKinds.Number, ValueKinds.Text), (known.KindsOf("plan", "count"), known.KindsOf("plan", "word")));
        Assert.NotNull(new MarkedGrammar(tools[0]!["function"]!.AsObject(), "tools[0].function").Call());
    }

    [Theory]
    [InlineData("<parameter=what>\n two lines\n\n of it\n</parameter>\n", """{"what":" two lines\n\n of it"}""")]
    [InlineData("<parameter=what>12</parameter>", """{"what":"12"}""")]
    [InlineData("<parameter=what>\n\n</parameter>\n", """{"what":""}""")]
    [InlineData("<parameter=what>\n\"so\" \\n é\n</parameter>\n", """{"what":"\"so\" \\n é"}""")]
    [InlineData("<parameter=what>\na</parameter>b</function>c\n</parameter>\n", """{"what":"a</parameter>b</function>c"}""")]
    [InlineData("<parameter=what>\nx\n<parameter=count>\n3\n", """{"what":"x","count":3}""")]
    [InlineData("<parameter=count>\n3\n</parameter>\n<parameter=count>\n4\n</parameter>", """{"count":4}""")]
    [InlineData("<parameter=count>\nthree\n</parameter>", """{"count":"three"}""")]
    [InlineData("<parameter=count>\n\"3\"\n</parameter>", """{"count":"\"3\""}""")]
    [InlineData("<parameter=far>\nTrue\n</parameter><parameter=price>None</parameter>", """{"far":true,"price":null}""")]
    [InlineData("<parameter=far>\nfalse\n</parameter><parameter=price>1.50</parameter>", """{"far":false,"price":1.50}""")]
    [InlineData("<parameter=list>\n[1, {\"a\": \"b\"}]\n</parameter>", """{"list":[1,{"a":"b"}]}""")]
    [InlineData("<parameter=map>\n{\"a\": null}\n</parameter><parameter=note>null</parameter>", """{"map":{"a":null},"note":null}""")]
    [InlineData("<parameter=day>\nmon\n</parameter><parameter=any>5</parameter><parameter=other>6</parameter>",
        """{"day":"mon","any":"5","other":"6"}""")]
    [InlineData("", "{}")]
    public void A_value_is_what_its_schema_says_and_else_a_text(string parameters, string arguments)
    {
        foreach (var isSplit in (bool[])[false, true])
        {
            var (text, calls) = Read($"So:\n<tool_call>\n<function=plan>\n{parameters}</function>\n</tool_call>", isSplit);
            Assert.Equal("So:\n", text);
            Assert.Equal($"plan {arguments}", calls);
        }
    }

    [Theory]
    [InlineData("<tool_call>\n<function=stop>\n</function>\n</tool_call>\n<tool_call>\n<function=stop>\n</function>\n</tool_call>\n", "",
        "stop {}|stop {}")]
    [InlineData("<tool_call>\n<function=stop>\n</function>\n<function=stop>\n</function>\n</tool_call>", "", "stop {}|stop {}")]
    [InlineData("<tool_call>\n<function=stop>\n</tool_call>", "", "stop {}")]
    [InlineData("<tool_call>\n<function=stop>\n</function>", "", "stop {}")]
    [InlineData("Well. <function=stop>\n</function></tool_call>", "Well. ", "stop {}")]
    [InlineData("<tool_call>\n<function=else>\n</function>\n</tool_call>", null, "")]
    [InlineData("<tool_call>{\"name\": \"stop\", \"arguments\": {}}</tool_call>", null, "")]
    [InlineData("Say </tool_call> and <function=", null, "")]
    [InlineData("<function=else>1</function> is <no> call", null, "")]
    public void Several_calls_are_several_and_what_is_none_is_text(string written, string? text, string calls)
    {
        foreach (var isSplit in (bool[])[false, true])
            Assert.Equal((text ?? written, calls), Read(written, isSplit));
    }

    [Theory]
    [InlineData("<tool_call>", "")]
    [InlineData("<tool_call>\n<func", "")]
    [InlineData("<tool_call>\n<function=pl", "")]
    [InlineData("<tool_call>\n<function=plan>\n", "plan ")]
    [InlineData("<tool_call>\n<function=plan>\n<parameter=wh", "plan ")]
    [InlineData("<tool_call>\n<function=plan>\n<parameter=what>\nto \"g", "plan {\"what\":\"to \\\"g")]
    [InlineData("<tool_call>\n<function=plan>\n<parameter=what>\ngo\n</param", "plan {\"what\":\"go")]
    [InlineData("<tool_call>\n<function=plan>\n<parameter=what>\ngo\n</parameter>", "plan {\"what\":\"go\"")]
    [InlineData("<tool_call>\n<function=plan>\n<parameter=what>\ngo\n</parameter>\n<parameter=list>\n[1,",
        "plan {\"what\":\"go\",\"list\":[1,")]
    [InlineData("<tool_call>\n<function=stop>\n</function>\n</tool_call><tool_call>\n<function=plan>\n</fun", "stop {}|plan ")]
    public void A_call_is_given_as_far_as_it_came(string written, string calls)
    {
        var reader = new ToolCallText(ToolForm.Marked, Known);
        Assert.Equal("", reader.Append(written) + reader.Finish(isCut: true));
        Assert.True(reader.EndsCut);
        Assert.Equal(calls, Listed(reader));
    }

    [Theory]
    [InlineData("<function=plan>\n<parameter=what>\n{a}: <b>, é\n\n</parameter>\n<parameter=count>\n12\n</parameter>\n</function>", true)]
    [InlineData("<function=plan>\n<parameter=what>\n</parameter>\n</function>", true)]
    [InlineData("<function=plan>\n<parameter=what>\nx\n</parameter>\n<parameter=day>\ntue\n</parameter>\n<parameter=any>\n7\n</parameter>\n"
        + "</function>", true)]
    [InlineData("<function=plan>\n<parameter=what>\nx\n</parameter>\n<parameter=day>\nwed\n</parameter>\n</function>", false)]
    [InlineData("<function=plan>\n<parameter=what>\nx\n</parameter>\n<parameter=count>\nmany\n</parameter>\n</function>", false)]
    [InlineData("<function=plan>\n<parameter=count>\n1\n</parameter>\n</function>", false)]
    [InlineData("<function=plan>\n<parameter=what>\nx\n</parameter> \n</function>", false)]
    [InlineData("<function=stop>\n<parameter=free>\nx\n</parameter>\n</function>", true)]
    [InlineData("<function=else>\n</function>", false)]
    public void What_a_grammar_lets_in_is_read_as_a_call(string call, bool isOne)
    {
        var form = new GrammarChoice([.. JsonNode.Parse(Tools)!.AsArray().Select(static tool =>
            new MarkedGrammar(tool!["function"]!.AsObject(), "tools[0]").Call())]);
        var state = new Grammar(form).Start;
        foreach (var b in Encoding.UTF8.GetBytes(call))
            state = state?.After(b)!;
        Assert.Equal(isOne, state?.MayEnd == true);
        if (isOne)
            Assert.Single(new MarkedCallReader(Known).Read(call)!);
    }

    [Theory]
    [InlineData("""{"type":"string"}""", null)]
    [InlineData("""{"anyOf":[{"type":"string"},{"type":"null"}]}""", null)]
    [InlineData("""{"enum":["a","b"]}""", null)]
    [InlineData("""{"type":"integer","minimum":3}""", null)]
    [InlineData("""{"type":"string","pattern":"a+"}""", "properties.p: of a text, only its values")]
    [InlineData("""{"type":"integer","not":{}}""", "the keyword not is not supported")]
    public void What_cannot_be_kept_strictly_is_refused(string schema, string? reason)
    {
        JsonObject Function(bool strict) => new()
        {
            ["name"] = "f",
            ["strict"] = strict,
            ["parameters"] = JsonNode.Parse($$"""{"type":"object","properties":{"p":{{schema}} } }"""),
        };
        _ = new MarkedGrammar(Function(false), "tools[0]").Call();
        var error = Record.Exception(() => new MarkedGrammar(Function(true), "tools[0]").Call());
        if (reason is null)
            Assert.Null(error);
        else
            Assert.Contains(reason, Assert.IsType<EspalierException>(error).Message);
    }

    private static KnownTools Known => new(JsonNode.Parse(Tools)!.AsArray());

    private static (string Text, string Calls) Read(string written, bool isSplit)
    {
        var reader = new ToolCallText(ToolForm.Marked, Known);
        var text = isSplit ? string.Concat(written.Select(letter => reader.Append($"{letter}"))) : reader.Append(written);
        text += reader.Finish();
        Assert.False(reader.EndsCut);
        return (text, Listed(reader));
    }

    private static string Listed(ToolCallText reader) =>
        string.Join('|', reader.TakeCalls().Select(static call => $"{call.Name} {call.Arguments}"));
}
