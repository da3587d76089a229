using Espalier.Server.Requests;

namespace Espalier.Server.Tools;

/// <summary>What JSON a value may be.</summary>
[Flags]
internal enum ValueKinds
{
    None = 0,
    Text = 1,
    Number = 2,
    Boolean = 4,
    Object = 8,
    List = 16,
    Null = 32,
}

/// <summary>The functions that a request has, with what their parameters may be. Not for several threads.</summary>
internal sealed class KnownTools
{
    /// <summary>References inside of each other, at most.</summary>
    public const int Deepest = 16;

    private readonly Dictionary<string, JsonObject?> _parameters = [];

    /// <summary>Takes the tools as requests have them.</summary>
    public KnownTools(JsonArray tools)
    {
        foreach (var tool in tools)
            _parameters[(string)tool!["function"]!["name"]!] = tool["function"]!["parameters"] as JsonObject;
    }

    public bool Has(string name) => _parameters.ContainsKey(name);

    /// <summary>What a parameter that is written as a text stands for: JSON where its schema has no texts, else the text itself.</summary>
    public JsonNode? Value(string function, string parameter, string text)
    {
        var kinds = KindsOf(function, parameter);
        var trimmed = text.Trim();
        // Templates write values of Python.
        if (kinds.HasFlag(ValueKinds.Null) && trimmed is "null" or "None")
            return null;
        if (kinds.HasFlag(ValueKinds.Text))
            return text;
        if (kinds.HasFlag(ValueKinds.Boolean) && bool.TryParse(trimmed, out var flag))
            return flag;
        if (!JsonBody.TryParse(trimmed, out var document))
            return text;
        using (document)
            return kinds.HasFlag(KindOf(document.RootElement.ValueKind)) ? JsonNode.Parse(trimmed) : text;
    }

    /// <summary>What a parameter may be; a text where its function does not say.</summary>
    public ValueKinds KindsOf(string function, string parameter)
    {
        var all = _parameters.GetValueOrDefault(function);
        var schema = (all?["properties"] as JsonObject)?[parameter] ?? all?["additionalProperties"];
        return Kinds(schema, all, [], 0) is not ValueKinds.None and var kinds ? kinds : ValueKinds.Text;
    }

    // Each reference is read once: schemas may refer to themselves, and more than once in each of their parts.
    private static ValueKinds Kinds(JsonNode? node, JsonObject? root, HashSet<string> read, int depth)
    {
        if (node is not JsonObject schema || depth > Deepest)
            return ValueKinds.None;
        if (Text(schema["$ref"]) is { } reference)
            return read.Add(reference) ? Kinds(Referred(reference, root), root, read, depth + 1) : ValueKinds.None;
        var kinds = schema["type"] switch
        {
            JsonArray several => several.Aggregate(ValueKinds.None, static (all, one) => all | KindOf(Text(one))),
            var one => KindOf(Text(one)),
        };
        foreach (var name in (string[])["anyOf", "oneOf", "allOf"])
            foreach (var one in schema[name] as JsonArray ?? [])
                kinds |= Kinds(one, root, read, depth + 1);
        if (kinds != ValueKinds.None)
            return kinds;
        if (schema.ContainsKey("const"))
            return KindOf(schema["const"]?.GetValueKind() ?? JsonValueKind.Null);
        foreach (var one in schema["enum"] as JsonArray ?? [])
            kinds |= KindOf(one?.GetValueKind() ?? JsonValueKind.Null);
        return kinds;
    }

    /// <summary>The part of a schema that a reference names (RFC 6901, as a part of a URI); null where there is none.</summary>
    public static JsonNode? Referred(string reference, JsonObject? root)
    {
        JsonNode? at = reference.StartsWith("#/", StringComparison.Ordinal) ? root : null;
        foreach (var step in reference.Split('/').Skip(1))
            at = (at as JsonObject)?[Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal)];
        return at;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static ValueKinds KindOf(string? type) => type switch
    {
        "string" => ValueKinds.Text,
        "integer" or "number" => ValueKinds.Number,
        "boolean" => ValueKinds.Boolean,
        "object" => ValueKinds.Object,
        "array" => ValueKinds.List,
        "null" => ValueKinds.Null,
        _ => ValueKinds.None,
    };

    private static ValueKinds KindOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => ValueKinds.Text,
        JsonValueKind.Number => ValueKinds.Number,
        JsonValueKind.True or JsonValueKind.False => ValueKinds.Boolean,
        JsonValueKind.Object => ValueKinds.Object,
        JsonValueKind.Array => ValueKinds.List,
        JsonValueKind.Null => ValueKinds.Null,
        _ => ValueKinds.None,
    };
}
