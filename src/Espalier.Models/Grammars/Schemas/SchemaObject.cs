namespace Espalier.Models.Grammars.Schemas;

/// <summary>An object of a schema: its properties in their order, those that are not required each or not.</summary>
/// <param name="keywords">The schema's keywords.</param>
/// <param name="read">Reads the schema of a value at a place.</param>
internal sealed class SchemaObject(SchemaKeywords keywords, Func<JsonElement, string, GrammarNode> read)
{
    public GrammarNode Grammar()
    {
        var names = new SchemaNames(keywords);
        var pairs = names.Properties.Select(field => (field.Key,
            read(field.Value, $"{keywords.PlaceOf("properties")}.{OneLine.Clipped(field.Key)}"))).ToList();
        var other = names.Others is { } schema ? read(schema, keywords.PlaceOf("additionalProperties")) : JsonSyntax.Value;
        if (names.IsMap)
            return names.Others is { ValueKind: JsonValueKind.False } ? JsonSyntax.Braces(new GrammarSequence()) : JsonSyntax.Map(other);
        // What is required and has no schema of its own is what others are.
        pairs.AddRange(names.Required.Where(name => !names.Properties.ContainsKey(name)).Select(name => (name, other)));
        return JsonSyntax.Braces(InOrder(pairs, names.Required));
    }

    // From the last one back: what follows a pair, with a comma before it and without.
    private static GrammarNode InOrder(List<(string Name, GrammarNode Value)> pairs, IReadOnlySet<string> required)
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
}
