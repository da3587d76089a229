using System.Text.Json;
using Espalier.Files;

namespace Espalier.Models.Grammars;

/// <summary>An object of a schema: its properties in their order, those that are not required each or not.</summary>
/// <param name="keywords">The schema's keywords.</param>
/// <param name="read">Reads the schema of a value at a place.</param>
internal sealed class SchemaObject(SchemaKeywords keywords, Func<JsonElement, string, GrammarNode> read)
{
    /// <summary>Its grammar.</summary>
    public GrammarNode Grammar()
    {
        var required = Required();
        var pairs = Properties().ToList();
        var others = keywords.Of("additionalProperties");
        if (others is { ValueKind: not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False) })
            throw keywords.Wrong("additionalProperties", "a schema");
        var other = others is { } schema ? read(schema, keywords.PlaceOf("additionalProperties")) : JsonSyntax.Value;
        if (pairs.Count == 0 && required.Count == 0 && (others is not null || keywords.Of("properties") is null))
            return others is { ValueKind: JsonValueKind.False } ? JsonSyntax.Braces(new GrammarSequence()) : JsonSyntax.Map(other);
        // What is required and has no schema of its own is what others are.
        pairs.AddRange(required.Where(name => pairs.All(pair => pair.Name != name)).Select(name => (name, other)));
        return JsonSyntax.Braces(InOrder(pairs, required));
    }

    // From the last one back: what follows a pair, with a comma before it and without.
    private static GrammarNode InOrder(List<(string Name, GrammarNode Value)> pairs, HashSet<string> required)
    {
        GrammarNode first = new GrammarSequence(), later = first;
        for (var i = pairs.Count - 1; i >= 0; i--)
        {
            var (name, value) = pairs[i];
            var pair = JsonSyntax.Pair(JsonSyntax.Quoted(name), value);
            GrammarNode asFirst = new GrammarSequence(pair, later);
            GrammarNode asLater = new GrammarSequence(JsonSyntax.Text(","), JsonSyntax.Space, pair, later);
            var mayLack = !required.Contains(name);
            (first, later) = (mayLack ? new GrammarChoice(asFirst, first) : asFirst, mayLack ? new GrammarChoice(asLater, later) : asLater);
        }
        return first;
    }

    private IEnumerable<(string Name, GrammarNode Value)> Properties()
    {
        if (keywords.Of("properties") is not { } properties)
            return [];
        return properties.ValueKind != JsonValueKind.Object ? throw keywords.Wrong("properties", "an object")
            : properties.EnumerateObject()
                .Select(field => (field.Name, read(field.Value, $"{keywords.PlaceOf("properties")}.{OneLine.Clipped(field.Name)}")));
    }

    private HashSet<string> Required()
    {
        if (keywords.Of("required") is not { } list)
            return [];
        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(static name => name.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(static name => name.GetString()!)] : throw keywords.Wrong("required", "a list of names");
    }
}
