namespace Espalier.Models.Families.Fields;

/// <summary>
/// Fields of a <c>config.json</c>, read with their types checked; an absent field has the default that the family's
/// config class has in transformers. Errors name the file, the field and the value.
/// </summary>
/// <param name="fields">The object that was read.</param>
/// <param name="defaults">What absent fields are.</param>
/// <param name="source">The file, for errors.</param>
/// <param name="prefix">Where the object stands inside the file, for errors: <c>rope_scaling.</c>.</param>
internal sealed class ConfigFields(JsonObject fields, JsonObject defaults, string source, string prefix = "")
{
    private const string Infinity = "Infinity", BeyondFloat32 = "it must be a float32 number: from 1.2e-38 to 3.4e+38, or 0";

    /// <summary>The file, for errors.</summary>
    public string Source => source;

    /// <summary>The names that the file itself holds here.</summary>
    public IEnumerable<string> Names => fields.Select(static pair => pair.Key);

    /// <summary>Whether the file itself holds the field, null or not.</summary>
    public bool IsGiven(string name) => fields.ContainsKey(name);

    /// <summary>Whether the file itself holds the field, and it is not null.</summary>
    public bool Says(string name) => IsGiven(name) && Find(name) is not null;

    public bool IsObject(string name) => Find(name) is JsonObject;

    /// <summary>A whole number from <paramref name="least"/> to 2^31 - 1; null where the field is null.</summary>
    public int? OptionalInt(string name, int least = 1)
    {
        if (Find(name) is not { } node)
            return null;
        // Some files write whole numbers as 4096.0.
        if (ConfigJson.Number(node) is not { } number)
            throw Wrong(name, node, "it must be a whole number");
        return number >= least && number <= int.MaxValue && Math.Floor(number) == number
            ? (int)number
            : throw Wrong(name, node, $"it must be a whole number from {least} to {int.MaxValue}");
    }

    /// <summary>A whole number that must be there.</summary>
    public int Int(string name, int least = 1) => OptionalInt(name, least) ?? throw Lacks(name);

    /// <summary>A number that float32, which models are computed in, has a value for; null where the field is null.</summary>
    public double? OptionalDouble(string name)
    {
        if (Find(name) is not { } node)
            return null;
        if (ConfigJson.Number(node) is not { } number || !double.IsFinite(number))
            throw Wrong(name, node, "it must be a finite number");
        return HasFloat32(number) ? number : throw Wrong(name, node, BeyondFloat32);
    }

    /// <summary>A positive number that must be there.</summary>
    public double Positive(string name) => OptionalDouble(name) is not { } number ? throw Lacks(name)
        : number > 0 ? number : throw Wrong(name, Find(name), "it must be above 0");

    /// <summary>A positive number; null where the field is null.</summary>
    public double? OptionalPositive(string name) => OptionalDouble(name) is not { } number ? null
        : number > 0 ? number : throw Wrong(name, "it must be above 0");

    /// <summary>True or false; null counts as false.</summary>
    public bool Bool(string name) => Find(name) switch
    {
        null => false,
        var node when node.GetValueKind() == JsonValueKind.True => true,
        var node when node.GetValueKind() == JsonValueKind.False => false,
        var node => throw Wrong(name, node, "it must be true or false"),
    };

    /// <summary>Text; null where the field is null.</summary>
    public string? Text(string name) => Find(name) switch
    {
        null => null,
        var node when node.GetValueKind() == JsonValueKind.String => node.GetValue<string>(),
        var node => throw Wrong(name, node, "it must be a string"),
    };

    /// <summary>A list of texts; empty where the field is null.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (Find(name) is not { } node)
            return [];
        return node is JsonArray array && array.All(static item => item?.GetValueKind() == JsonValueKind.String)
            ? [.. array.Select(static item => item!.GetValue<string>())]
            : throw Wrong(name, node, "it must be a list of strings");
    }

    /// <summary>A list of numbers above 0 that must be there.</summary>
    public IReadOnlyList<double> PositiveNumbers(string name)
    {
        var numbers = (Find(name) ?? throw Lacks(name)) is JsonArray array ? array.Select(ConfigJson.Number).ToArray() : [];
        if (numbers.Length == 0 || !numbers.All(number => number is > 0 && double.IsFinite(number.Value)))
            throw Wrong(name, "it must be a list of numbers above 0");
        return numbers.All(number => HasFloat32(number!.Value)) ? [.. numbers.Select(number => number!.Value)]
            : throw Wrong(name, "each must be a float32 number: from 1.2e-38 to 3.4e+38");
    }

    /// <summary>One id or a list of ids, as <c>eos_token_id</c>; empty where the field is null.</summary>
    public IReadOnlyList<int> Ids(string name)
    {
        if (Find(name) is not { } node)
            return [];
        return node is not JsonArray array ? [Id(node)] : [.. array.Select(Id)];

        int Id(JsonNode? item) => ConfigJson.Number(item) is { } id and >= 0 and <= int.MaxValue && Math.Floor(id) == id
            ? (int)id
            : throw Wrong(name, node, "it must be an id, or a list of ids, from 0");
    }

    /// <summary>
    /// Two numbers, the second of which may be infinite, as Python writes it or as transformers 5 does; null where there is no such field.
    /// </summary>
    public (double Least, double Most)? Range(string name)
    {
        if (!fields.TryGetPropertyValue(name, out var node))
            return null;
        if (JsonOddities.Of(fields, name) is { } oddity && !oddity.StartsWith($"is {Infinity}", StringComparison.Ordinal))
            throw new EspalierException($"{source}: {prefix}{name} {oddity}");
        return node is JsonArray { Count: 2 } range && ConfigJson.Number(range[0]) is { } least && Most(range[1]) is { } most
            ? (least, most)
            : throw Wrong(name, node, "it must be a list of two numbers");

        // Infinity is null in what was read (JsonOddities).
        static double? Most(JsonNode? item) => item switch
        {
            null => double.PositiveInfinity,
            JsonObject => item["__float__"] is JsonValue word && word.GetValueKind() == JsonValueKind.String
                && word.GetValue<string>() == Infinity ? double.PositiveInfinity : null,
            JsonValue when item.GetValueKind() == JsonValueKind.String =>
                JsonMending.WordOf(item.GetValue<string>()) == Infinity ? double.PositiveInfinity : null,
            _ => ConfigJson.Number(item),
        };
    }

    /// <summary>Writes the infinite end of a <see cref="Range"/> as Python does, where the source has it so.</summary>
    public static void KeepInfinity(JsonObject fields, string name)
    {
        if (fields[name] is JsonArray { Count: 2 } range && range[1] is null)
            range[1] = JsonMending.OfWord(Infinity);
    }

    /// <summary>An object inside this one; null where the field is null.</summary>
    public ConfigFields? Object(string name) => Find(name) switch
    {
        null => null,
        JsonObject inner => new(inner, [], source, $"{prefix}{name}."),
        var node => throw Wrong(name, node, "it must be an object"),
    };

    /// <summary>A field's name from the top of the file: <c>rope_scaling.factor</c>.</summary>
    public string Path(string name) => prefix + name;

    /// <summary>An error about a field: file, name, value, and what it should be.</summary>
    public EspalierException Wrong(string name, JsonNode? value, string why) =>
        new($"{source}: {prefix}{name} is {Short(value)}; {why}");

    /// <summary>An error about a field that is read already.</summary>
    public EspalierException Wrong(string name, string why) => Wrong(name, Find(name), why);

    private EspalierException Lacks(string name) => new($"{source}: {prefix}{name} is missing");

    private JsonNode? Find(string name)
    {
        if (JsonOddities.Of(fields, name) is { } oddity)
            throw new EspalierException($"{source}: {prefix}{name} {oddity}");
        return fields.TryGetPropertyValue(name, out var node) ? node : defaults[name];
    }

    private static bool HasFloat32(double number) => number == 0 || (float.IsFinite((float)number) && float.IsNormal((float)number));

    private static string Short(JsonNode? value)
    {
        var text = value?.ToJsonString() ?? "null";
        return text.Length <= 80 ? text : $"{text[..77]}...";
    }
}
