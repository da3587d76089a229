using Espalier.Models.Grammars;

namespace Espalier.Models.Tests.Grammars;

/// <summary>What schemas of strangers cost: ways, states and depth have ends.</summary>
public sealed class SchemaCostTests
{
    /// <summary>Where every second step goes deeper, only ways that come out again are left at the deepest level.</summary>
    [Fact]
    public void What_was_begun_can_always_be_ended()
    {
        var grammar = SchemaExamples.Of("""
            { "$ref": "#/$defs/a", "$defs": {
                "a": { "anyOf": [ { "type": "object", "properties": { "n": { "$ref": "#/$defs/b" } }, "required": ["n"] },
                                  { "const": "end" } ] },
                "b": { "type": "array", "minItems": 1, "items": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/a" } } } } }
            """);
        var (state, depth) = (grammar.Start, 0);
        while (state.Walk([.. "{\"n\":[["u8]) is { } next)
            (state, depth) = (next, depth + 1);
        Assert.Equal(Grammar.Deepest / 3, depth);
        state = state.Walk([.. "\"end\""u8])!;
        for (; depth > 0; depth--)
            state = state.Walk([.. "]]}"u8])!;
        Assert.True(state.IsComplete);
    }

    /// <summary>A schema that can be read in more ways than are followed, and texts whose states are more than are kept.</summary>
    [Fact]
    public void Schemas_of_strangers_cost_a_limited_amount()
    {
        var many =
            string.Join(',',
                Enumerable.Range(0, 20).Select(static i => $$"""{"type":"array","items":{"$ref":"#"},"maxItems":{{i + 1}}}"""));
        var grammar = SchemaExamples.Of($$"""{"anyOf":[{{many}},{"const":0}]}""");
        var state = grammar.Start.Walk([.. new string('[', 40).Select(static c => (byte)c)]);
        Assert.NotNull(state);
        Assert.InRange(state.Tops.Count, 1, 300);
        Assert.True(grammar.Takes(new string('[', 40) + "0" + new string(']', 40)));
        var text = new string('x', 50_000);
        Assert.True(SchemaExamples.Of("""{"type":"string","maxLength":50000}""").Takes($"\"{text}\""));
        Assert.False(SchemaExamples.Of("""{"type":"string","maxLength":50000}""").Takes($"\"{text}x\""));
        Assert.Contains("at most 65536",
            SchemaExamples.Refusal($$"""{"const":"{{new string('x', 70_000)}}"}"""));
        var chain =
            string.Join(',',
                Enumerable.Range(0, 1500).Select(static i => $$"""{{i}}":{"$ref":"#/$defs/{{i + 1}}"}""").Select(static one => "\"" + one));
        Assert.True(SchemaExamples.Of("{\"$ref\":\"#/$defs/0\",\"$defs\":{" + chain + ",\"1500\":{\"const\":1}}}").Takes("1"));
    }

    /// <summary>Twenty of them would have more states than all patterns together may, were each made for itself.</summary>
    [Fact]
    public void What_says_the_same_is_one_automaton()
    {
        var fields = string.Join(',', Enumerable.Range(0, 60).Select(static i => $$"""
            "t{{i}}":{"type":"string","format":"date-time"},"p{{i}}":{"pattern":"^a{900}$"},"n{{i}}":{"type":"integer","multipleOf":250}
            """));
        Assert.True(SchemaExamples.Of($$"""{"properties":{ {{fields}} },"required":["p59"]}""")
            .Takes($$"""{"p59":"{{new string('a', 900)}}"}"""));
    }
}
