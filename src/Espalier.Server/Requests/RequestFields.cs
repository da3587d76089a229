namespace Espalier.Server.Requests;

/// <summary>The fields of a JSON object that nobody vouches for. <c>null</c> is the same as a field that is not there.</summary>
internal sealed class RequestFields
{
    private readonly Dictionary<string, JsonElement> _fields = new(StringComparer.Ordinal);
    private readonly string _place;

    /// <param name="place">Its place in the body; empty for the body itself.</param>
    /// <exception cref="RequestException">It is none.</exception>
    public RequestFields(JsonElement element, string place = "")
    {
        _place = place;
        if (element.ValueKind != JsonValueKind.Object)
            throw RequestException.Bad(
                $"{(place.Length == 0 ? "the body" : place)} is {Kind(element)}; it must be an object", place.Length == 0 ? null : place);
        foreach (var field in element.EnumerateObject())
            if (field.Value.ValueKind != JsonValueKind.Null)
                _fields[field.Name] = field.Value;
    }

    /// <summary>The place of a field, as errors name it.</summary>
    public string PlaceOf(string name) => _place.Length == 0 ? name : $"{_place}.{name}";

    public bool Has(string name) => _fields.ContainsKey(name);

    /// <summary>Its value; null where it is not there.</summary>
    public JsonElement? Of(string name) => _fields.TryGetValue(name, out var value) ? value : null;

    /// <summary>Refuses what is not among these.</summary>
    public void Know(IReadOnlyCollection<string> names)
    {
        foreach (var name in _fields.Keys)
            if (!names.Contains(name))
                throw RequestException.Bad($"there is no field {PlaceOf(OneLine.Of(name))}{Nearest(name, names)}",
                    PlaceOf(OneLine.Of(name)), "unknown_field");
    }

    /// <summary>A text; null where it is not there.</summary>
    public string? Text(string name) => Of(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, value, "a text");

    public bool Flag(string name, bool otherwise = false) => Of(name) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, value, "true or false");

    /// <summary>A number within limits; with <paramref name="isAbove"/> the lower one itself is none.</summary>
    public double? Number(string name, double least, double most, bool isAbove = false)
    {
        if (Of(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number) || !double.IsFinite(number))
            throw Wrong(name, value, "a number");
        var limits = isAbove ? $"above {least} and at most {most}" : $"from {least} to {most}";
        return (isAbove ? number > least : number >= least) && number <= most ? number
            : throw Refused(name, $"is {value.GetRawText()}; it must be {limits}");
    }

    /// <summary>A whole number within limits; 1.0 is one too.</summary>
    public long? Whole(string name, long least, long most)
    {
        if (Of(name) is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !IsWhole(value, out var number))
            throw Wrong(name, value, "a whole number");
        return number >= least && number <= most ? number
            : throw Refused(name, $"is {number}; it must be from {least} to {most}");
    }

    // JSON has one kind of number, and some clients write every one with a point. Beyond 2^53 such a number stands for several whole ones.
    private static bool IsWhole(JsonElement value, out long number)
    {
        if (value.TryGetInt64(out number))
            return true;
        var isExact = value.TryGetDouble(out var real) && real == Math.Floor(real) && Math.Abs(real) <= 1L << 53;
        number = isExact ? (long)real : 0;
        return isExact;
    }

    /// <summary>An object; null where it is not there.</summary>
    public RequestFields? Object(string name) => Of(name) is { } value ? new(value, PlaceOf(name)) : null;

    /// <summary>The items of a list; null where it is not there.</summary>
    public IReadOnlyList<JsonElement>? List(string name, int most) => Of(name) is not { } value ? null
        : value.ValueKind != JsonValueKind.Array ? throw Wrong(name, value, "a list")
        : value.GetArrayLength() > most
            ? throw Refused(name, $"has {value.GetArrayLength()} items; at most {most} are allowed")
            : [.. value.EnumerateArray()];

    /// <summary>The error of a value of another kind.</summary>
    public RequestException Wrong(string name, JsonElement value, string meant) =>
        Refused(name, $"is {Kind(value)}; it must be {meant}", "invalid_type");

    /// <summary>The refusal of a body without a field.</summary>
    public RequestException Missing(string name) => Refused(name, "is missing", "missing");

    /// <summary>The refusal of a field.</summary>
    /// <param name="what">What is wrong with it, as what stands after its place.</param>
    /// <param name="code">For programs.</param>
    public RequestException Refused(string name, string what, string? code = null) =>
        RequestException.Bad($"{PlaceOf(name)} {what}", PlaceOf(name), code);

    /// <summary>What a value is, in words.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => $"the number {(value.GetRawText() is { Length: <= 24 } text ? text : value.GetRawText()[..24] + "...")}",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    private static string Nearest(string name, IEnumerable<string> names) =>
        NearestName.Nearest(name, names) is { } near ? $"; did you mean {near}?" : "";
}
