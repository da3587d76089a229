namespace Espalier.Models.Grammars.Schemas;

/// <summary>What a schema says of the names in an object.</summary>
internal sealed class SchemaNames
{
    /// <summary>Takes them out of a schema's keywords.</summary>
    /// <exception cref="EspalierException">One of them is not of its kind.</exception>
    public SchemaNames(SchemaKeywords keywords)
    {
        Others = keywords.Of("additionalProperties");
        if (Others is { ValueKind: not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False) })
            throw keywords.Wrong("additionalProperties", "a schema");
        var properties = keywords.Of("properties");
        if (properties is { ValueKind: not JsonValueKind.Object })
            throw keywords.Wrong("properties", "an object");
        foreach (var field in properties?.EnumerateObject() ?? default)
            Properties.Add(field.Name, field.Value);
        var required = keywords.Of("required");
        if (required is { } list
            && (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static name => name.ValueKind != JsonValueKind.String)))
            throw keywords.Wrong("required", "a list of names");
        Required = (required?.EnumerateArray().Select(static name => name.GetString()!) ?? []).ToHashSet();
        IsMap = Properties.Count == 0 && Required.Count == 0 && (Others is not null || properties is null);
    }

    public OrderedDictionary<string, JsonElement> Properties { get; } = new(StringComparer.Ordinal);

    public IReadOnlySet<string> Required { get; }

    /// <summary>The schema of other properties; null where none is given.</summary>
    public JsonElement? Others { get; }

    /// <summary>Whether objects of any names are written; else none but those that are named.</summary>
    public bool IsMap { get; }

    /// <summary>Whether an object that is written may have a name.</summary>
    public bool MayHave(string name) => IsMap || Properties.ContainsKey(name) || Required.Contains(name);
}
