namespace Espalier.Models.Tests.Grammars;

/// <summary>
/// Objects, arrays, values and references of a schema that would not be kept, or that no value fits: refused by their place.
/// </summary>
public sealed class SchemaShapeRefusalTests
{
    [Theory]
    [InlineData("""{"type":"object","minProperties":1}""", "schema: the keyword minProperties is not supported")]
    [InlineData("""{"properties":{"a":{"type":"integer","minimum":"1"}}}""", "schema.properties.a.minimum is \"1\"; it must be a number")]
    [InlineData("""{"allOf":[{},{}]}""", "schema.allOf: more than one schema is not supported")]
    [InlineData("""{"anyOf":[{"uniqueItems":true}]}""", "schema.anyOf[0]: the keyword uniqueItems is not supported")]
    [InlineData("""{"anyOf":[{}],"type":"object"}""", "the keyword type together with anyOf is not supported")]
    [InlineData("""{"$ref":"#","minItems":1}""", "the keyword minItems together with $ref is not supported")]
    [InlineData("""{"$ref":"https://example.org/schema"}""", "only references within the same schema are supported,")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "the schema has no such place")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"not":{}}}}""", "schema.$defs.a: the keyword not is not supported")]
    [InlineData("""{"type":"text"}""", "schema.type is \"text\"; it must be one of object, array")]
    [InlineData("""{"type":[]}""", "schema.type is []; it must be one of")]
    [InlineData("""{"enum":[]}""", "schema.enum is []; it must be a list of values")]
    [InlineData("""{"anyOf":{}}""", "schema.anyOf is {}; it must be a list of schemas")]
    [InlineData("""{"required":[1]}""", "schema.required is [1]; it must be a list of names")]
    [InlineData("""{"properties":[]}""", "schema.properties is []; it must be an object")]
    [InlineData("""{"properties":{"a":5}}""", "schema.properties.a is 5; it must be a schema")]
    [InlineData("""{"type":"array","minItems":2147483648}""",
        "schema.minItems is 2147483648; it may be at most 2147483647, because no answer is that long")]
    [InlineData("""{"additionalProperties":"no"}""", "schema.additionalProperties is \"no\"; it must be a schema")]
    [InlineData("[]", "schema is []; it must be a schema")]
    [InlineData("false", "no value fits")]
    [InlineData("""{"$ref":"#"}""", "no value fits")]
    [InlineData("""{"required":["a"],"properties":{"a":{"$ref":"#"}}}""", "no value fits")]
    [InlineData("""{"required":["a"],"additionalProperties":false}""", "no value fits")]
    [InlineData("""{"type":"array","minItems":1,"items":false}""", "no value fits")]
    [InlineData("""{"properties":{"b":{"minimum":3,"maximum":2}},"required":["b"]}""", "schema.properties.b: no value fits")]
    [InlineData("""{"anyOf":[false,{"minimum":3,"maximum":2}]}""", "schema: no value fits")]
    [InlineData("""{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","minItems":1,"items":{"enum":[1],"type":"string"}}}}""",
        "schema.$defs.a.items: no value fits")]
    public void What_would_not_be_kept_is_refused(string schema, string reason) =>
        Assert.Contains(reason, SchemaExamples.Refusal(schema));
}
