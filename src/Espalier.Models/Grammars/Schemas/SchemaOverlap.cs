namespace Espalier.Models.Grammars.Schemas;

/// <summary>
/// Whether what is written for one schema can fit another one too. Where that is not sure, it can: <c>oneOf</c> is kept only where no value
/// fits two of its schemas.
/// </summary>
/// <param name="resolve">The schema that a reference at a place stands for.</param>
internal sealed class SchemaOverlap(Func<JsonElement, string, JsonElement> resolve)
{
    private const int Deepest = 16, MostSteps = 20_000;

    private int _steps;

    /// <summary>Whether the last comparison was given up for its length.</summary>
    public bool HasEnded => _steps > MostSteps;

    /// <summary>What tells a schema from others at a glance; null where it has alternatives, or lets in anything or nothing.</summary>
    public SchemaFacets? FacetsOf(JsonElement schema, string place)
    {
        for (var depth = 0; depth < Deepest && schema.ValueKind is not (JsonValueKind.True or JsonValueKind.False); depth++)
        {
            var keywords = new SchemaKeywords(schema, place);
            if (Alternatives(keywords) is not { } ways)
                return new(keywords);
            if (ways is not [var single])
                return null;
            schema = single;
        }
        return null;
    }

    /// <summary>Whether no value that is written for a schema fits another one.</summary>
    /// <param name="written">The schema that is written for.</param>
    /// <param name="other">The other one.</param>
    /// <param name="place">What errors call them.</param>
    /// <param name="depth">Schemas around these two.</param>
    public bool Excludes(JsonElement written, JsonElement other, string place, int depth = 0)
    {
        if (depth > Deepest || ++_steps > MostSteps)
            return false;
        if (written.ValueKind == JsonValueKind.False || other.ValueKind == JsonValueKind.False)
            return true;
        if (written.ValueKind == JsonValueKind.True || other.ValueKind == JsonValueKind.True)
            return false;
        var (a, b) = (new SchemaKeywords(written, place), new SchemaKeywords(other, place));
        if (Alternatives(a) is { } ways)
            return ways.All(way => Excludes(way, other, place, depth + 1));
        if (Alternatives(b) is { } others)
            return others.All(way => Excludes(written, way, place, depth + 1));
        if (a.Values() is { } values)
            return values.All(value => Misfits(value, other, place, depth + 1));
        if (b.Values() is { } meant)
            return meant.All(value => Misfits(value, written, place, depth + 1));
        return a.Types.All(type => b.Types.All(same => !IsBoth(type, same) || OfTypeExcludes(type, a, b, place, depth)));
    }

    // A value that surely does not fit.
    private bool Misfits(JsonElement value, JsonElement schema, string place, int depth)
    {
        if (depth > Deepest || ++_steps > MostSteps || schema.ValueKind == JsonValueKind.True)
            return false;
        if (schema.ValueKind == JsonValueKind.False)
            return true;
        var keywords = new SchemaKeywords(schema, place);
        if (Alternatives(keywords) is { } ways)
            return ways.All(way => Misfits(value, way, place, depth + 1));
        if (keywords.Values() is { } values)
            return values.All(one => !JsonElement.DeepEquals(one, value));
        if (keywords.Types.All(type => !SchemaKeywords.Fits(value, type)))
            return true;
        if (value.ValueKind != JsonValueKind.Object)
            return false;
        var names = new SchemaNames(keywords);
        return names.Required.Any(name => !value.TryGetProperty(name, out _))
            || names.Properties.Any(one => value.TryGetProperty(one.Key, out var inner) && Misfits(inner, one.Value, place, depth + 1));
    }

    private IReadOnlyList<JsonElement>? Alternatives(SchemaKeywords keywords)
    {
        if (keywords.Of("$ref") is { } reference)
            return [resolve(reference, keywords.PlaceOf("$ref"))];
        foreach (var keyword in (string[])["anyOf", "oneOf", "allOf"])
            if (keywords.Of(keyword) is { ValueKind: JsonValueKind.Array } list)
                return [.. list.EnumerateArray()];
        return null;
    }

    private static bool IsBoth(string a, string b) => a == b || a is "integer" or "number" && b is "integer" or "number";

    private bool OfTypeExcludes(string type, SchemaKeywords a, SchemaKeywords b, string place, int depth) => type switch
    {
        "object" => ObjectExcludes(new(a), new(b), place, depth),
        "array" => CountsExclude(a, b, "minItems", "maxItems")
            || a.Fewest("minItems") > 0 && a.Of("items") is { } own && b.Of("items") is { } other && Excludes(own, other, place, depth + 1),
        "string" => CountsExclude(a, b, "minLength", "maxLength"),
        "integer" or "number" => SchemaNumber.AreApart(SchemaNumber.Bounds(a), SchemaNumber.Bounds(b)),
        _ => false,
    };

    private static bool CountsExclude(SchemaKeywords a, SchemaKeywords b, string fewest, string most) =>
        a.Fewest(fewest) > b.Most(most) || a.Most(most) < b.Fewest(fewest);

    private bool ObjectExcludes(SchemaNames a, SchemaNames b, string place, int depth) =>
        b.Required.Any(name => !a.MayHave(name)) || a.Required.Any(name => b.Properties.TryGetValue(name, out var other)
            ? a.Properties.TryGetValue(name, out var own) && Excludes(own, other, place, depth + 1)
            : b.Others is { ValueKind: JsonValueKind.False });
}
