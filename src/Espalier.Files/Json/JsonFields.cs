namespace Espalier.Files;

/// <summary>An object of a JSON file that a person may have written: fields with their types checked, unknown ones refused.</summary>
internal sealed class JsonFields
{
    private readonly JsonElement _object;
    private readonly string _source;
    private readonly string _prefix;

    /// <param name="source">The file, for errors.</param>
    /// <param name="prefix">Where the object stands in the file, for errors: <c>axes.</c>.</param>
    /// <param name="known">The fields that it may have; none for any.</param>
    public JsonFields(JsonElement value, string source, string prefix, params string[] known)
    {
        (_object, _source, _prefix) = (value, source, prefix);
        if (value.ValueKind != JsonValueKind.Object)
            throw new EspalierException($"{source}: {(prefix.Length == 0 ? "the file" : prefix.TrimEnd('.'))} must be a JSON object");
        foreach (var field in value.EnumerateObject())
            if (known.Length > 0 && !known.Contains(field.Name, StringComparer.Ordinal))
                throw new EspalierException(
                    $"{source}: there is no field {prefix}{OneLine.Clipped(field.Name)}: {NearestName.Instead(field.Name, known)}");
    }

    /// <summary>Whether the field is there.</summary>
    public bool Has(string name) => Need(name) is not null;

    /// <summary>A version from 1 to the newest known one.</summary>
    public int Version(int newest)
    {
        var version = Int("version");
        return version <= newest ? version
            : throw new EspalierException(
                $"{_source}: version {version} is newer than {newest}, the newest that this program knows; use the program that wrote it");
    }

    /// <summary>A whole number from 1 that must be there.</summary>
    public int Int(string name) => (int)Whole(name, 1, int.MaxValue);

    /// <summary>A whole number from 1, of 64 bits, that must be there.</summary>
    public long Long(string name) => Whole(name, 1);

    /// <summary>A whole number from 0, of 64 bits, that must be there.</summary>
    public long LongFromZero(string name) => Whole(name, 0);

    /// <summary>Text; null where absent.</summary>
    public string? Text(string name) => !_object.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "it must be a text");

    /// <summary>Text that must be one of those known.</summary>
    public string OneOf(string name, params string[] known) => Text(name) is { } text && known.Contains(text, StringComparer.Ordinal)
        ? text : throw Wrong(name, $"it must be one of {string.Join(", ", known)}");

    /// <summary>One of an enum's values by its name in kebab-case; null where absent.</summary>
    public T? Choice<T>(string name) where T : struct, Enum =>
        Has(name) ? Enum.GetValues<T>().First(value => EnumName.Of(value) == OneOf(name, [.. Enum.GetValues<T>().Select(EnumName.Of)]))
            : null;

    /// <summary>An object that must be there.</summary>
    public JsonElement Object(string name) =>
        Need(name) is { ValueKind: JsonValueKind.Object } value ? value : throw Wrong(name, "it must be an object");

    /// <summary>A list of indices that must be there.</summary>
    public int[] Indices(string name) => Indices(Need(name), name);

    /// <summary>A list of lists of indices that must be there.</summary>
    public int[][] IndexLists(string name) => Lists(name, Indices);

    /// <summary>A list of finite numbers that must be there.</summary>
    public double[] Numbers(string name) => Numbers(Need(name), name);

    /// <summary>The same, where null stands for an infinite one.</summary>
    public double[] NumbersOrInfinite(string name) => Numbers(Need(name), name, isOrInfinite: true);

    /// <summary>A list of lists of finite numbers, all of one length, that must be there.</summary>
    public double[][] NumberLists(string name)
    {
        var lists = Lists(name, Numbers);
        for (var i = 1; i < lists.Length; i++)
            if (lists[i].Length != lists[0].Length)
                throw new EspalierException(
                    $"{_source}: {_prefix}{name}[{i}] has {lists[i].Length} values and "
                        + $"{_prefix}{name}[0] has {lists[0].Length}; all must have the same number");
        return lists;
    }

    /// <summary>An error about a field: file, field, value, and what it should be.</summary>
    public EspalierException Wrong(string name, string rule) => new(_object.TryGetProperty(name, out var value)
        ? $"{_source}: {_prefix}{name} is "
            + $"{OneLine.Clipped(value.ValueKind is JsonValueKind.Array ? "a list" : value.ValueKind is JsonValueKind.Object ? "an object" : value.GetRawText())}; {rule}"
        : $"{_source}: {_prefix}{name} is missing; {rule}");

    private long Whole(string name, int least, long most = long.MaxValue) =>
        Need(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) && number >= least && number <= most
        ? number : throw Wrong(name, $"it must be a whole number from {least}");

    private JsonElement? Need(string name) => _object.TryGetProperty(name, out var value) ? value : null;

    private T[] Lists<T>(string name, Func<JsonElement?, string, T> read) where T : class
    {
        if (Need(name) is not { ValueKind: JsonValueKind.Array } lists || lists.GetArrayLength() == 0)
            throw Wrong(name, "it must be a list of lists, with at least one");
        return [.. lists.EnumerateArray().Select((list, i) => read(list, $"{name}[{i}]"))];
    }

    private int[] Indices(JsonElement? value, string name) => [.. Items(value, name).EnumerateArray().Select((item, i) =>
        item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var index) && index >= 0
            ? index : throw Entry(name, i, item, "indices are whole numbers from 0"))];

    private double[] Numbers(JsonElement? value, string name) => Numbers(value, name, isOrInfinite: false);

    private double[] Numbers(JsonElement? value, string name, bool isOrInfinite) =>
        [.. Items(value, name).EnumerateArray().Select((item, i) => isOrInfinite && item.ValueKind == JsonValueKind.Null
            ? double.PositiveInfinity
            : item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var number) && double.IsFinite(number) ? number
            : throw Entry(name, i, item, "scores are finite numbers"))];

    private JsonElement Items(JsonElement? value, string name) =>
        value is { ValueKind: JsonValueKind.Array } items && items.GetArrayLength() > 0
        ? items
        : throw new EspalierException(
            $"{_source}: {_prefix}{name} {(value is null ? "is missing; it must" : "must")} be a list with at least one number");

    private EspalierException Entry(string name, int i, JsonElement item, string rule) =>
        new($"{_source}: {_prefix}{name}[{i}] is "
            + $"{OneLine.Clipped(item.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? "not a number" : item.GetRawText())}; "
            + $"{rule}");
}
