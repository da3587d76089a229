using System.Numerics;
using Espalier.Models.Grammars.Numbers;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>The keywords of one schema, all of which are known.</summary>
internal sealed class SchemaKeywords
{
    private static readonly string[] s_types = ["object", "array", "string", "integer", "number", "boolean", "null"];

    private static readonly string[] s_kept =
    [
        "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "type", "properties", "required", "additionalProperties", "items", "minItems",
        "maxItems", .. SchemaStrings.Keywords, .. SchemaNumber.Keywords,
    ];

    // What says nothing about values.
    private static readonly string[] s_remarks =
    [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples", "deprecated", "readOnly",
        "writeOnly", "discriminator",
    ];

    private readonly Dictionary<string, JsonElement> _all = new(StringComparer.Ordinal);
    private readonly string _place;

    /// <summary>Takes a schema.</summary>
    /// <exception cref="EspalierException">It is no object, or has a keyword that would not be kept.</exception>
    public SchemaKeywords(JsonElement schema, string place)
    {
        _place = place;
        if (schema.ValueKind != JsonValueKind.Object)
            throw new EspalierException(
                $"{place} is {OneLine.Clipped(schema.GetRawText())}; it must be a schema: an object, true or false");
        foreach (var field in schema.EnumerateObject())
            if (s_kept.Contains(field.Name))
                _all[field.Name] = field.Value;
            else if (!s_remarks.Contains(field.Name))
                throw new EspalierException(
                    $"{place}: the keyword {OneLine.Clipped(field.Name)} is not supported here; supported: {string.Join(", ", s_kept)}");
        Types = ReadTypes();
    }

    /// <summary>The types that a value may have.</summary>
    public IReadOnlyList<string> Types { get; }

    public string Place => _place;

    public string PlaceOf(string keyword) => $"{_place}.{keyword}";

    /// <summary>Its value; null where it is not there.</summary>
    public JsonElement? Of(string keyword) => _all.TryGetValue(keyword, out var value) ? value : null;

    /// <summary>The value of a keyword that no other stands beside.</summary>
    public JsonElement? Alone(string keyword)
    {
        if (Of(keyword) is not { } value)
            return null;
        return _all.Keys.FirstOrDefault(other => other != keyword) is not { } beside ? value
            : throw new EspalierException($"{_place}: the keyword {beside} together with {keyword} is not supported here");
    }

    /// <summary>The values of <c>enum</c> or <c>const</c>; null where there is neither.</summary>
    public IReadOnlyList<JsonElement>? Values()
    {
        var (some, one) = (Of("enum"), Of("const"));
        if (some is null && one is null)
            return null;
        if (_all.Keys.FirstOrDefault(static other => other is not ("enum" or "const" or "type")) is { } beside)
            throw new EspalierException($"{_place}: the keyword {beside} together with {(one is null ? "enum" : "const")} is not "
                + "supported here");
        if (some is { } list && (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0))
            throw Wrong("enum", "a list of values");
        var values = some?.EnumerateArray().ToArray() ?? [one!.Value];
        return one is { } constant ? [.. values.Where(value => JsonElement.DeepEquals(value, constant))] : values;
    }

    /// <summary>A count that something has at least; 0 where it is not there.</summary>
    /// <exception cref="EspalierException">It is none, or more than there can be.</exception>
    public int Fewest(string keyword) => Whole(keyword) is not { } count ? 0
        : count <= int.MaxValue ? (int)count
        : throw new EspalierException(
            $"{PlaceOf(keyword)} is {OneLine.Clipped(_all[keyword].GetRawText())}; it may be at most {int.MaxValue}, because no answer "
                + "is that long");

    /// <summary>A count that something has at most; null where it is not there, or no answer is that long.</summary>
    /// <exception cref="EspalierException">It is none.</exception>
    public int? Most(string keyword) => Whole(keyword) is { } count && count <= int.MaxValue ? (int)count : null;

    // 3.0 and 3e0 are whole numbers (JSON Schema 2020-12, section 4.2.3 of its core).
    private BigInteger? Whole(string keyword) => Of(keyword) is not { } value ? null
        : ExactDecimal.Of(value) is { Scale: 0, Value.Sign: >= 0 } count ? count.Value
        : throw Wrong(keyword, "a whole number of at least 0");

    /// <summary>The error of a value of another kind.</summary>
    public EspalierException Wrong(string keyword, string meant) =>
        new($"{PlaceOf(keyword)} is {OneLine.Clipped(_all[keyword].GetRawText())}; it must be {meant}");

    public static bool Fits(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number"
            || type == "integer" && value.TryGetDouble(out var number) && double.IsInteger(number),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };

    private bool Has(params ReadOnlySpan<string> keywords)
    {
        foreach (var keyword in keywords)
            if (_all.ContainsKey(keyword))
                return true;
        return false;
    }

    // Where none is said, the keywords say what is meant: {"properties": ...} is an object.
    private string[] ReadTypes()
    {
        if (Of("type") is not { } type)
            return Has("properties", "required", "additionalProperties") ? ["object"]
                : Has("items", "minItems", "maxItems") ? ["array"]
                : Has([.. SchemaStrings.Keywords]) ? ["string"]
                : Has([.. SchemaNumber.Keywords]) ? ["number"]
                : [.. s_types.Where(static type => type != "integer")];
        JsonElement[] all = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray()] : [type];
        return all.Length > 0 && all.All(static one => one.ValueKind == JsonValueKind.String && s_types.Contains(one.GetString()))
            ? [.. all.Select(static one => one.GetString()!).Distinct()]
            : throw Wrong("type", $"one of {string.Join(", ", s_types)}, or a list of them");
    }
}
