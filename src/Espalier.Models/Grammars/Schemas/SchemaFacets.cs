using Espalier.Models.Grammars.Numbers;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>
/// What tells one schema of a <c>oneOf</c> from the others at a glance, read once for each: its values, the bounds of its numbers, the
/// counts of its strings and lists, the values of required properties. What it does not tell, <see cref="SchemaOverlap"/> may.
/// </summary>
internal sealed class SchemaFacets
{
    private readonly HashSet<string>? _values;
    private readonly IReadOnlyList<string> _types = [];
    private readonly NumberBounds _bounds = new();
    private readonly (int Least, int? Most) _length, _items;
    private readonly Dictionary<string, HashSet<string>> _properties = new(StringComparer.Ordinal);

    /// <summary>Reads a schema that has no alternatives.</summary>
    public SchemaFacets(SchemaKeywords keywords)
    {
        if (keywords.Values() is { } values)
        {
            _values = Keys(values);
            return;
        }
        _types = keywords.Types;
        if (_types.Any(IsNumber))
            _bounds = SchemaNumber.Bounds(keywords);
        if (_types.Contains("string"))
            _length = (keywords.Fewest("minLength"), keywords.Most("maxLength"));
        if (_types.Contains("array"))
            _items = (keywords.Fewest("minItems"), keywords.Most("maxItems"));
        if (!_types.Contains("object"))
            return;
        var names = new SchemaNames(keywords);
        foreach (var (name, schema) in names.Properties)
            if (names.Required.Contains(name) && schema.ValueKind == JsonValueKind.Object
                && (schema.TryGetProperty("const", out _) || schema.TryGetProperty("enum", out _))
                && new SchemaKeywords(schema, keywords.PlaceOf("properties")).Values() is { } meant && Keys(meant) is { } keys)
                _properties[name] = keys;
    }

    /// <summary>Whether no value fits both, as far as can be seen here.</summary>
    public bool AreApart(SchemaFacets other)
    {
        if (_values is { } own && other._values is { } others)
            return !own.Overlaps(others);
        if (_types.Count == 0 || other._types.Count == 0)
            return false;
        foreach (var type in _types)
            foreach (var same in other._types)
                if ((type == same || IsNumber(type) && IsNumber(same)) && !AreApart(type, other))
                    return false;
        return true;
    }

    private bool AreApart(string type, SchemaFacets other) => type switch
    {
        "integer" or "number" => SchemaNumber.AreApart(_bounds, other._bounds),
        "string" => AreApart(_length, other._length),
        "array" => AreApart(_items, other._items),
        "object" => _properties.Any(own => other._properties.TryGetValue(own.Key, out var values) && !own.Value.Overlaps(values)),
        _ => false,
    };

    private static bool AreApart((int Least, int? Most) a, (int Least, int? Most) b) => a.Most < b.Least || b.Most < a.Least;

    private static bool IsNumber(string type) => type is "integer" or "number";

    // One text for each value, the same for 1 and 1.0; null where a list or an object is among them.
    private static HashSet<string>? Keys(IReadOnlyList<JsonElement> values)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var value in values)
            switch (value.ValueKind)
            {
                case JsonValueKind.Object or JsonValueKind.Array:
                    return null;
                case JsonValueKind.String:
                    keys.Add($"\"{value.GetString()}");
                    break;
                case JsonValueKind.Number when ExactDecimal.Of(value) is { } number:
                    keys.Add($"{number.Value}e-{number.Scale}");
                    break;
                // A number beyond all that is compared exactly.
                case JsonValueKind.Number:
                    return null;
                default:
                    keys.Add(value.GetRawText());
                    break;
            }
        return keys;
    }
}
