namespace Espalier.Files;

/// <summary>
/// JSON as Python's <c>json</c> writes and reads it: of a key that stands twice the last value counts, and NaN, Infinity and -Infinity
/// are numbers, which
/// become null. Everything else is as strict as JSON is.
/// </summary>
internal static class LenientJson
{
    private const int LongestValue = 40;

    private static readonly JsonDocumentOptions s_config = new() { MaxDepth = 64 };

    // Python's own limit is about a thousand. Nothing here recurses.
    private static readonly JsonDocumentOptions s_record = new() { MaxDepth = 1024 };

    /// <summary>
    /// Parses a config; <see cref="JsonOddities"/> knows where a value is null that was no number, and where a key stands twice.
    /// </summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A string in it is no valid Unicode.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        var mended = JsonMending.MayHaveWords(utf8) ? JsonMending.Mend(utf8, strings: false, named: true, out _) : utf8.ToArray();
        using var document = JsonDocument.Parse(mended, s_config);
        return Node(document.RootElement.Clone(), static _ => { });
    }

    /// <summary>
    /// Reads something from a record of data, in which control characters may stand in a string as they are, and half a surrogate pair as
    /// an escape
    /// (U+FFFD). A text that is only JSON to Python is mended first.
    /// </summary>
    /// <param name="utf8">Valid UTF-8.</param>
    /// <param name="read">What is read; may be called twice.</param>
    /// <param name="replaced">Called where half of a pair was replaced.</param>
    /// <exception cref="JsonException">No JSON to Python either.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> utf8, Func<JsonElement, T> read, Action replaced)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8, s_record);
            return read(json.RootElement);
        }
        // Reading a string that has half a surrogate pair is an InvalidOperationException.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            using var json = JsonDocument.Parse(JsonMending.Mend(utf8.Span, strings: true, named: false, out var halves), s_record);
            if (halves)
                replaced();
            return read(json.RootElement);
        }
    }

    /// <summary>
    /// The text of an element as it stands, for whoever reads its strings later: then half a surrogate pair would end the run, and not be
    /// mended.
    /// </summary>
    /// <exception cref="InvalidOperationException">A string in it holds half a surrogate pair: <see cref="Read"/> mends it.</exception>
    public static string TextOf(JsonElement element)
    {
        var text = element.GetRawText();
        if (text.Contains("\\ud", StringComparison.OrdinalIgnoreCase))
            RequireCharacters(element);
        return text;
    }

    private static void RequireCharacters(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    RequireCharacters(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    RequireCharacters(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private static JsonNode? Node(JsonElement element, Action<string> odd)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return Object(element);
            case JsonValueKind.Array:
                return new JsonArray([.. element.EnumerateArray().Select(item => Node(item, odd))]);
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String when JsonMending.WordOf(element.GetString()) is { } word:
                odd($"is {word}, which is not a JSON number; give a finite one");
                return null;
            default:
                return JsonValue.Create(element);
        }
    }

    private static JsonObject Object(JsonElement element)
    {
        var fields = new JsonObject();
        foreach (var property in element.EnumerateObject())
        {
            var name = property.Name;
            var value = Node(property.Value, what => JsonOddities.Add(fields, name, what));
            if (fields.TryGetPropertyValue(name, out var before) && !JsonNode.DeepEquals(before, value))
                JsonOddities.Add(fields, name, $"appears twice, as {Short(before)} and as {Short(value)}; keep one");
            fields[name] = value;
        }

        return fields;
    }

    private static string Short(JsonNode? node) => node?.ToJsonString() switch
    {
        null => "null",
        { Length: > LongestValue } text => $"{text[..(LongestValue - 3)]}...",
        var text => text,
    };
}
