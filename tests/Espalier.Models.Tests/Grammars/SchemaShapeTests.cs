namespace Espalier.Models.Tests.Grammars;

/// <summary>Objects, arrays, values and references of a schema: what fits, by examples written out.</summary>
public sealed class SchemaShapeTests
{
    private const string Tree = """
        { "$ref": "#/$defs/node",
          "$defs": { "node": { "type": "object", "required": ["children"], "properties": {
              "children": { "type": "array", "items": { "$ref": "#/$defs/node" } } } } } }
        """;

    [Theory]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":36}""")]
    [InlineData(SchemaExamples.Person, "{\n  \"name\": \"Ada\",\n  \"nick\": null,\n  \"age\": -3,\n  \"tags\": [\"a\", 2]\n}")]
    [InlineData(SchemaExamples.Person, """{"name": "\u00e4", "nick": "", "age": 0, "tags": []}""")]
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
    [InlineData("""{"properties":{"list":{"$ref":"#/properties/item%7E1s"},"item/s":{"type":"boolean"}}}""", """{"list":true}""")]
    [InlineData("true", """{"any":["thing",1]}""")]
    [InlineData("{}", "null")]
    [InlineData("""{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"const":1}}}""", "1")]
    [InlineData(SchemaExamples.Person, """{"age":36,"name":"Ada"}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada"}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"","age":3}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":3.5}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":3,"more":1}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":3,"tags":["a","a","a"]}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":3,"tags":["b"]}""", false)]
    [InlineData(SchemaExamples.Person, """{"name":"Ada","age":3,}""", false)]
    [InlineData(SchemaExamples.Person, """{,"name":"Ada","age":3}""", false)]
    [InlineData(Tree, """{"children":[{}]}""", false)]
    [InlineData("""{"type":"object","properties":{}}""", """{"a":1}""", false)]
    [InlineData("""{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":3}""", "[true]", false)]
    [InlineData("""{"type":"array","maxItems":0}""", "[1]", false)]
    [InlineData("""{"enum":[1,"1",null,2.5],"type":["integer","null"]}""", "2.5", false)]
    public void Texts_fit_or_do_not(string schema, string text, bool fits = true) => SchemaExamples.Check(schema, text, fits);

    [Fact]
    public void Whatever_is_written_is_let_in_as_JSON_of_the_schema()
    {
        var random = new Random(5);
        var (grammar, whole) = (SchemaExamples.Of(SchemaExamples.Person), 0);
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
}
