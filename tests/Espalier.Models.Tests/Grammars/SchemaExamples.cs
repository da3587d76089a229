using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;

namespace Espalier.Models.Tests.Grammars;

/// <summary>Schemas of the tests, and what is asked of them.</summary>
internal static class SchemaExamples
{
    /// <summary>An object with names that must be there, that may be, and no others.</summary>
    internal const string Person = """
        { "type": "object", "additionalProperties": false, "required": ["name", "age"], "title": "A person",
          "properties": { "name": { "type": "string", "minLength": 1 }, "nick": { "type": ["string", "null"] },
                          "age": { "type": "integer" }, "tags": { "type": "array", "items": { "enum": ["a", 2, null] }, "maxItems": 2 } } }
        """;

    /// <summary>The grammar of a schema.</summary>
    internal static Grammar Of(string schema)
    {
        using var document = JsonDocument.Parse(schema);
        return new(SchemaReader.Read(document.RootElement, "schema"));
    }

    /// <summary>What a schema is refused with.</summary>
    internal static string Refusal(string schema) => Assert.Throws<EspalierException>(() => Of(schema)).Message;

    /// <summary>A text fits, and is JSON then, or does not.</summary>
    internal static void Check(string schema, string text, bool fits)
    {
        if (fits)
            _ = JsonDocument.Parse(text);
        Assert.Equal(fits, Of(schema).Takes(text));
    }
}
