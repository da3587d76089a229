namespace Espalier.Evaluation.Documents;

/// <summary>One question of a benchmark: its fields by their names, and where it stands.</summary>
/// <param name="Fields">The fields; lists and objects as JSON has them.</param>
/// <param name="Place">File and line, for messages.</param>
/// <param name="Number">Its place among the documents of its task, from 0.</param>
internal sealed record TaskDocument(JsonElement Fields, string Place, int Number)
{
    /// <summary>A field as text; numbers as they are written.</summary>
    /// <exception cref="EspalierException">It is not there, or a list.</exception>
    public string Text(string[] path) => Text(Value(path), string.Join('.', path));

    /// <summary>The entries of a field that is a list, as texts; null where it is none.</summary>
    /// <exception cref="EspalierException">It is not there, or an entry is a list itself.</exception>
    public string[]? List(string[] path) => Value(path) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray().Select((entry, i) => Text(entry, $"{string.Join('.', path)}[{i}]"))] : null;

    /// <summary>A list of texts.</summary>
    /// <exception cref="EspalierException">It is not there, or no such list.</exception>
    public string[] Texts(string[] path)
    {
        var list = Value(path);
        if (list.ValueKind != JsonValueKind.Array)
            throw new EspalierException($"{Place}: {string.Join('.', path)} is {Name(list)}; a list of texts was expected");
        return [.. list.EnumerateArray().Select((entry, i) => entry.ValueKind == JsonValueKind.String ? entry.GetString()!
            : throw new EspalierException($"{Place}: {string.Join('.', path)}[{i}] is {Name(entry)}; a text was expected"))];
    }

    /// <summary>Whether a field is a list.</summary>
    /// <exception cref="EspalierException">It is not there.</exception>
    public bool IsList(string[] path) => Value(path).ValueKind == JsonValueKind.Array;

    /// <summary>A list of anything.</summary>
    /// <exception cref="EspalierException">It is not there, or no list.</exception>
    public IReadOnlyList<JsonElement> Entries(string[] path) => Value(path) is { ValueKind: JsonValueKind.Array } list
        ? [.. list.EnumerateArray()]
        : throw new EspalierException($"{Place}: {string.Join('.', path)} is {Name(Value(path))}; a list was expected");

    /// <summary>The same with one more text among its fields.</summary>
    public TaskDocument With(string name, string value)
    {
        var fields = Fields.EnumerateObject().Where(field => field.Name != name).ToDictionary(field => field.Name, field => field.Value);
        fields.Add(name, JsonSerializer.SerializeToElement(value, PlainJson.Of<string>()));
        return this with { Fields = JsonSerializer.SerializeToElement(fields, PlainJson.Of<Dictionary<string, JsonElement>>()) };
    }

    /// <summary>Whether two documents have the same fields with the same values.</summary>
    public bool IsSame(TaskDocument other) => JsonElement.DeepEquals(Fields, other.Fields);

    /// <summary>A field as it is.</summary>
    /// <exception cref="EspalierException">It is not there.</exception>
    public JsonElement Value(string[] path)
    {
        var value = Fields;
        foreach (var name in path)
        {
            if (value.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                && index < value.GetArrayLength())
                value = value[index];
            else if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var field))
                value = field;
            else
                throw new EspalierException($"{Place}: has no {string.Join('.', path)}{Known(value)}");
        }
        return value;
    }

    private string Text(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => throw new EspalierException($"{Place}: {name} is {Name(value)}; a text was expected"),
    };

    private static string Known(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => $"; there are {string.Join(", ", value.EnumerateObject().Take(12).Select(field => field.Name))}",
        JsonValueKind.Array => $"; the list has {value.GetArrayLength()} entries",
        _ => "",
    };

    private static string Name(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Null => "null",
        _ => value.ValueKind.ToString().ToLowerInvariant(),
    };
}
