using System.Text.Json;
using Espalier.Files;
using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;

namespace Espalier.Models.Tests.Grammars;

/// <summary>What a schema lets in, by examples written out, and what is refused by its name.</summary>
public sealed class SchemaReaderTests
{
    private const string Person = """
        { "type": "object", "additionalProperties": false, "required": ["name", "age"], "title": "A person",
          "properties": { "name": { "type": "string", "minLength": 1 }, "nick": { "type": ["string", "null"] },
                          "age": { "type": "integer" }, "tags": { "type": "array", "items": { "enum": ["a", 2, null] }, "maxItems": 2 } } }
        """;

    private const string Tree = """
        { "$ref": "#/$defs/node",
          "$defs": { "node": { "type": "object", "required": ["children"], "properties": {
              "children": { "type": "array", "items": { "$ref": "#/$defs/node" } } } } } }
        """;

    [Theory]
    [InlineData(Person, """{"name":"Ada","age":36}""")]
    [InlineData(Person, "{\n  \"name\": \"Ada\",\n  \"nick\": null,\n  \"age\": -3,\n  \"tags\": [\"a\", 2]\n}")]
    [InlineData(Person, """{"name": "\u00e4", "nick": "", "age": 0, "tags": []}""")]
    [InlineData(Tree, """{"children":[{"children":[]},{"children":[{"children":[]}]}]}""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"object","properties":{"a":{"const":"x"}},"required":["a"]}]}""", """{"a":"x"}""")]
    [InlineData("""{"anyOf":[{"type":"integer"},{"type":"object","properties":{"a":{"const":"x"}},"required":["a"]}]}""", "12")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"number"}}""", """{"a":1.5,"b":-2e3}""")]
    [InlineData("""{"type":"object","required":["b"],"properties":{"a":{}}}""", """{"a":[1,{"x":null}],"b":true}""")]
    [InlineData("""{"type":"object","properties":{}}""", "{ }")]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true,false,\ttrue]", false)]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true, false, true]")]
    [InlineData("""{"const":{"a":[1,"ü"]}}""", """{"a":[1,"ü"]}""")]
    [InlineData("""{"enum":[1,"1",null,2.5],"type":["integer","null"]}""", "1")]
    [InlineData("""{"enum":[1,"1",null,2.5],"type":["integer","null"]}""", "null")]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a😀\"")]
    [InlineData("""{"properties":{"list":{"$ref":"#/properties/item%7E1s"},"item/s":{"type":"boolean"}}}""", """{"list":true}""")]
    [InlineData("true", """{"any":["thing",1]}""")]
    [InlineData("{}", "null")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-12\"")]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"abc\"")]
    [InlineData("""{"type":"string","pattern":"^(a|b)*$","minLength":2,"maxLength":3}""", "\"aba\"")]
    [InlineData("""{"pattern":"^\\s[\"\\\\]$"}""", "\"\\n\\\"\"")]
    [InlineData("""{"type":"string","format":"date","pattern":"^2024"}""", "\"2024-02-29\"")]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "119")]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "-5")]
    [InlineData("""{"type":"integer","multipleOf":12}""", "-144")]
    [InlineData("""{"type":"integer","maximum":9223372036854775807}""", "999999999999999")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "1000000000000000")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "9007199254740991")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "9007199254740993", false)]
    [InlineData("""{"type":"integer","maximum":-1000000000000000,"multipleOf":7}""", "-1000000000000008")]
    [InlineData("""{"type":"integer","maximum":-1000000000000000,"multipleOf":7}""", "-1000000000000006", false)]
    [InlineData("""{"minimum":1e15,"maximum":1000000000000001}""", "1000000000000001")]
    [InlineData("""{"minLength":1.0,"maxLength":3.0}""", "\"abc\"")]
    [InlineData("""{"minLength":1.0,"maxLength":3e0}""", "\"abcd\"", false)]
    [InlineData("""{"maxLength":2147483648}""", "\"abcd\"")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "0.001")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "1.0")]
    [InlineData("""{"type":"number","minimum":0,"multipleOf":0.25}""", "12.750")]
    [InlineData("""{"oneOf":[{"type":"null"},{"type":"integer"}]}""", "null")]
    [InlineData("""{"oneOf":[{"maximum":3},{"exclusiveMinimum":3}]}""", "4")]
    [InlineData("""{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"const":1}}}""", "1")]
    // What does not fit.
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-\"", false)]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"acd\"", false)]
    [InlineData("""{"type":"string","pattern":"^(a|b)*$","minLength":2,"maxLength":3}""", "\"abab\"", false)]
    [InlineData("""{"type":"string","format":"date"}""", "\"2100-02-29\"", false)]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "120", false)]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "-6", false)]
    [InlineData("""{"type":"integer","multipleOf":12}""", "145", false)]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "0.0", false)]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "1.01", false)]
    [InlineData("""{"type":"number","exclusiveMaximum":1000}""", "999.99999999999999999", false)]
    [InlineData("""{"type":"number","minimum":0,"multipleOf":0.25}""", "12.7", false)]
    [InlineData(Person, """{"age":36,"name":"Ada"}""", false)]
    [InlineData(Person, """{"name":"Ada"}""", false)]
    [InlineData(Person, """{"name":"","age":3}""", false)]
    [InlineData(Person, """{"name":"Ada","age":3.5}""", false)]
    [InlineData(Person, """{"name":"Ada","age":3,"more":1}""", false)]
    [InlineData(Person, """{"name":"Ada","age":3,"tags":["a","a","a"]}""", false)]
    [InlineData(Person, """{"name":"Ada","age":3,"tags":["b"]}""", false)]
    [InlineData(Person, """{"name":"Ada","age":3,}""", false)]
    [InlineData(Person, """{,"name":"Ada","age":3}""", false)]
    [InlineData(Tree, """{"children":[{}]}""", false)]
    [InlineData("""{"type":"object","properties":{}}""", """{"a":1}""", false)]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true]", false)]
    [InlineData("""{"type":"array","maxItems":0}""", "[1]", false)]
    [InlineData("""{"enum":[1,"1",null,2.5],"type":["integer","null"]}""", "2.5", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a\"", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"abcd\"", false)]
    [InlineData("""{"type":"integer"}""", "12345678901234567", false)]
    public void Texts_fit_or_do_not(string schema, string text, bool fits = true)
    {
        if (fits)
            _ = JsonDocument.Parse(text);
        Assert.Equal(fits, Of(schema).Takes(text));
    }

    [Theory]
    [InlineData("""{"type":"object","minProperties":1}""", "schema: the keyword minProperties is not supported")]
    [InlineData("""{"properties":{"a":{"type":"integer","minimum":"1"}}}""", "schema.properties.a.minimum is \"1\" and must be a number")]
    [InlineData("""{"type":"number","multipleOf":0}""", "schema.multipleOf is 0 and must be a number above 0")]
    [InlineData("""{"type":"integer","exclusiveMinimum":true}""", "schema.exclusiveMinimum is true and must be a number")]
    [InlineData("""{"type":"integer","minimum":1e999}""", "schema.minimum is 1e999 and must be a number with an exponent of at most 400")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":5,"multipleOf":7}""", "no value fits")]
    [InlineData("""{"type":"integer","multipleOf":1234567}""", "schema: its bounds and multipleOf need more than 4300 states")]
    [InlineData("""{"type":"string","pattern":5}""", "schema.pattern is 5 and must be a regular expression")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "schema.pattern is (a)\\1 and has '\\1', which is not supported")]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "has '(?=a'")]
    [InlineData("""{"type":"string","pattern":"(?<!a)b"}""", "has '(?<!'")]
    [InlineData("""{"type":"string","pattern":"\\bword"}""", "has '\\b'")]
    [InlineData("""{"type":"string","pattern":"[a"}""",
        "schema.pattern is [a, which is no regular expression of ECMA-262 with the flag u: nothing closes a '['")]
    [InlineData("""{"type":"string","pattern":"[a-"}""", "nothing closes a '['")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "nothing closes a '('")]
    [InlineData("""{"type":"string","pattern":"\\q"}""", "'\\q' means nothing")]
    [InlineData("""{"type":"string","pattern":"a{2"}""", "a '{' begins no count such as")]
    [InlineData("""{"type":"string","pattern":"a{5,2}"}""", "the count {5,2} ends below its start")]
    [InlineData("""{"type":"string","pattern":"a{9999999999}"}""", "has more than 1000 repetitions, which is not supported")]
    [InlineData("""{"type":"string","pattern":"a**"}""",
        "no regular expression of ECMA-262 with the flag u: '*' stands after a repetition")]
    [InlineData("""{"type":"string","pattern":"\\p{Greek}"}""", "has '\\p{Greek}', no general category")]
    [InlineData("""{"type":"string","pattern":"(((a{1000}){1000}){1000})"}""", "more than 16384 states")]
    [InlineData("""{"type":"string","pattern":"^a[ab]{18}$|[ab]*a[ab]{18}$"}""", "schema: its patterns")]
    [InlineData("""{"type":"string","pattern":"^b$","maxLength":0}""", "no value fits")]
    [InlineData("""{"type":"string","pattern":"a^"}""", "no value fits")]
    [InlineData("""{"type":"string","format":"uri"}""", "schema.format is \"uri\" and must be one of date, time")]
    [InlineData("""{"items":{"oneOf":[{"type":"integer"},{"type":"number"}]}}""", "schema.items.oneOf: a value of [0] may fit [1] too")]
    [InlineData("""{"oneOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}""", "schema.oneOf: a value of [0] may fit [1] too")]
    [InlineData("""{"oneOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"oneOf":[{"$ref":"#"}]}}}""", "may fit")]
    [InlineData("""{"allOf":[{},{}]}""", "schema.allOf: more than one schema is not supported")]
    [InlineData("""{"anyOf":[{"uniqueItems":true}]}""", "schema.anyOf[0]: the keyword uniqueItems is not supported")]
    [InlineData("""{"anyOf":[{}],"type":"object"}""", "the keyword type beside anyOf is not supported")]
    [InlineData("""{"$ref":"#","minItems":1}""", "the keyword minItems beside $ref is not supported")]
    [InlineData("""{"$ref":"https://example.org/schema"}""", "only places of the same schema")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "the schema has no such place")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"not":{}}}}""", "schema.$defs.a: the keyword not is not supported")]
    [InlineData("""{"type":"text"}""", "schema.type is \"text\" and must be one of object, array")]
    [InlineData("""{"type":[]}""", "schema.type is [] and must be one of")]
    [InlineData("""{"enum":[]}""", "schema.enum is [] and must be a list of values")]
    [InlineData("""{"anyOf":{}}""", "schema.anyOf is {} and must be a list of schemas")]
    [InlineData("""{"required":[1]}""", "schema.required is [1] and must be a list of names")]
    [InlineData("""{"properties":[]}""", "schema.properties is [] and must be an object")]
    [InlineData("""{"properties":{"a":5}}""", "schema.properties.a is 5 and must be a schema")]
    [InlineData("""{"type":"string","minLength":-1}""", "schema.minLength is -1 and must be a whole number")]
    [InlineData("""{"type":"string","maxLength":3.5}""", "schema.maxLength is 3.5 and must be a whole number")]
    [InlineData("""{"type":"array","minItems":2147483648}""",
        "schema.minItems is 2147483648 and may be 2147483647: no answer is that long")]
    [InlineData("""{"type":"integer","minimum":9007199254740992}""", "a whole number from -9007199254740991 to 9007199254740991")]
    [InlineData("""{"type":"integer","exclusiveMaximum":-9007199254740991}""",
        "schema: its bounds and multipleOf let in only numbers that")]
    [InlineData("""{"exclusiveMinimum":0,"maximum":1e-20}""",
        "that a float64 does not hold exactly: what is written here has at most 15 digits")]
    [InlineData("""{"minimum":0.5,"maximum":0.5,"multipleOf":0.3}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":1e20,"maximum":100000000000000000001,"multipleOf":3}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":1e20,"maximum":100000000000000000002,"multipleOf":3}""", "does not hold exactly")]
    [InlineData("""{"additionalProperties":"no"}""", "schema.additionalProperties is \"no\" and must be a schema")]
    [InlineData("[]", "schema is [] and must be a schema")]
    // Schemas that no value fits, and ones without an end.
    [InlineData("false", "no value fits")]
    [InlineData("""{"$ref":"#"}""", "no value fits")]
    [InlineData("""{"required":["a"],"properties":{"a":{"$ref":"#"}}}""", "no value fits")]
    [InlineData("""{"required":["a"],"additionalProperties":false}""", "no value fits")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "no value fits")]
    [InlineData("""{"type":"array","minItems":1,"items":false}""", "no value fits")]
    [InlineData("""{"enum":["a"],"type":"integer"}""", "no value fits")]
    [InlineData("""{"properties":{"a":{"type":"string","minLength":3,"maxLength":2}},"required":["a"]}""",
        "schema.properties.a: no value fits")]
    [InlineData("""
        {"properties":{"a":{"anyOf":[false,{"type":"null"}]},"b":{"minimum":3,"maximum":2},"c":{"minLength":1,"maxLength":0}},
         "required":["a","c"]}
        """, "schema.properties.c: no value fits")]
    [InlineData("""{"properties":{"b":{"minimum":3,"maximum":2}},"required":["b"]}""", "schema.properties.b: no value fits")]
    [InlineData("""{"anyOf":[false,{"minimum":3,"maximum":2}]}""", "schema: no value fits")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","minItems":1,"items":{"enum":[1],"type":"string"}}}}""",
        "schema.$defs.a.items: no value fits")]
    public void What_would_not_be_kept_is_refused(string schema, string reason) =>
        Assert.Contains(reason, Assert.Throws<EspalierException>(() => Of(schema)).Message);

    [Fact]
    public void Whatever_is_written_is_let_in_as_JSON_of_the_schema()
    {
        var random = new Random(5);
        var (grammar, whole) = (Of(Person), 0);
        for (var i = 0; i < 200; i++)
        {
            if (grammar.Write(random, 2000) is not { } text)
                continue;
            whole++;
            var person = JsonDocument.Parse(text).RootElement;
            Assert.NotEmpty(person.GetProperty("name").GetString()!);
            Assert.True(person.GetProperty("age").TryGetInt64(out _));
            if (person.TryGetProperty("nick", out var nick))
                Assert.True(nick.ValueKind is JsonValueKind.String or JsonValueKind.Null);
            if (person.TryGetProperty("tags", out var tags))
            {
                Assert.InRange(tags.GetArrayLength(), 0, 2);
                Assert.All(tags.EnumerateArray(), static tag => Assert.Contains(tag.GetRawText(), (string[])["\"a\"", "2", "null"]));
            }
        }
        Assert.True(whole > 100, $"{whole} texts were whole");
    }

    /// <summary>Where every second step goes deeper, only ways that come out again are left at the deepest level.</summary>
    [Fact]
    public void What_was_begun_can_always_be_ended()
    {
        var grammar = Of("""
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
        var grammar = Of($$"""{"anyOf":[{{many}},{"const":0}]}""");
        var state = grammar.Start.Walk([.. new string('[', 40).Select(static c => (byte)c)]);
        Assert.NotNull(state);
        Assert.InRange(state.Tops.Count, 1, 300);
        Assert.True(grammar.Takes(new string('[', 40) + "0" + new string(']', 40)));
        var text = new string('x', 50_000);
        Assert.True(Of("""{"type":"string","maxLength":50000}""").Takes($"\"{text}\""));
        Assert.False(Of("""{"type":"string","maxLength":50000}""").Takes($"\"{text}x\""));
        Assert.Contains("may have 65536",
            Assert.Throws<EspalierException>(() => Of($$"""{"const":"{{new string('x', 70_000)}}"}""")).Message);
        var chain =
            string.Join(',',
                Enumerable.Range(0, 1500).Select(static i => $$"""{{i}}":{"$ref":"#/$defs/{{i + 1}}"}""").Select(static one => "\"" + one));
        Assert.True(Of("{\"$ref\":\"#/$defs/0\",\"$defs\":{" + chain + ",\"1500\":{\"const\":1}}}").Takes("1"));
    }

    [Theory]
    [InlineData("ranges", 200)]
    [InlineData("values", 800)]
    [InlineData("kinds", 110)]
    [InlineData("lengths", 200)]
    public void Many_schemas_of_oneOf_are_told_apart_at_a_glance(string kind, int count)
    {
        // Of more ways than a grammar follows, a text of one of them may not be let in.
        var grammar = Of(One(count));
        if (kind is "ranges" or "values")
            Assert.True(grammar.Takes(kind == "ranges" ? $"{10 * count - 5}" : $"\"v{count - 1}\""));
        var twice = One(count).Insert("{\"oneOf\":[".Length, $"{Schema(count / 2)},");
        Assert.Contains($"a value of [0] may fit [{count / 2 + 1}] too", Assert.Throws<EspalierException>(() => Of(twice)).Message);

        string One(int most) => $$"""{"oneOf":[{{string.Join(',', Enumerable.Range(0, most).Select(Schema))}}]}""";

        string Schema(int i) => kind switch
        {
            "ranges" => $$"""{"minimum":{{10 * i}},"exclusiveMaximum":{{10 * i + 10}}}""",
            "values" => $$"""{"enum":["v{{i}}",{{i}}]}""",
            "kinds" => $$"""{"required":["k"],"properties":{"k":{"const":"v{{i}}"},"n":{"type":"null"} } }""",
            _ => $$"""{"minLength":{{5 * i}},"maxLength":{{5 * i + 4}}}""",
        };
    }

    [Fact]
    public void What_is_too_large_to_be_told_apart_says_so_and_no_overlap_that_is_not_there()
    {
        var some = string.Join(',', Enumerable.Range(0, 200).Select(static i =>
            $$"""{"required":["a"],"properties":{"a":{"minimum":{{10 * i}},"exclusiveMaximum":{{10 * i + 10}} } } }"""));
        Assert.Contains("schema.oneOf: its 200 schemas are too large to be shown apart",
            Assert.Throws<EspalierException>(() => Of($$"""{"oneOf":[{{some}}]}""")).Message);
        var many = string.Join(',', Enumerable.Range(0, 1001).Select(static i => $$"""{"const":{{i}}}"""));
        Assert.Contains("schema.oneOf has 1001 schemas and may have 1000",
            Assert.Throws<EspalierException>(() => Of($$"""{"oneOf":[{{many}}]}""")).Message);
    }

    /// <summary>Twenty of them would have more states than all patterns together may, were each made for itself.</summary>
    [Fact]
    public void What_says_the_same_is_one_automaton()
    {
        var fields = string.Join(',', Enumerable.Range(0, 60).Select(static i => $$"""
            "t{{i}}":{"type":"string","format":"date-time"},"p{{i}}":{"pattern":"^a{900}$"},"n{{i}}":{"type":"integer","multipleOf":250}
            """));
        Assert.True(Of($$"""{"properties":{ {{fields}} },"required":["p59"]}""").Takes($$"""{"p59":"{{new string('a', 900)}}"}"""));
    }

    private static Grammar Of(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return new(SchemaReader.Read(document.RootElement, "schema"));
    }
}
