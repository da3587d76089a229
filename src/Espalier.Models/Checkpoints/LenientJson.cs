using System.Text.Json;
using System.Text.Json.Nodes;

namespace Espalier.Models.Checkpoints;

/// <summary>
/// JSON as Python's <c>json</c> reads it: of a key that stands twice the last value counts, and NaN, Infinity and -Infinity are numbers. A node cannot hold those,
/// so that they become null; <see cref="JsonOddities"/> knows where.
/// </summary>
internal static class LenientJson
{
    private const int LongestValue = 40;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };

    /// <summary>Parses a text in UTF-8.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A string in it is no valid Unicode.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8)
    {
        using var document = JsonDocument.Parse(Quoted(utf8), s_options);
        return Node(document.RootElement.Clone(), static _ => { });
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
            case JsonValueKind.String when element.GetString() is ['\0', .. var number] && number is "NaN" or "Infinity" or "-Infinity":
                odd($"is {number}, which is no number of JSON; give a finite one");
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
                JsonOddities.Add(fields, name, $"stands twice, as {Short(before)} and as {Short(value)}; keep one of them");
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

    /// <summary>The text with each number that JSON does not have as a string that begins with NUL, which no other string of such a file does.</summary>
    private static ReadOnlyMemory<byte> Quoted(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IndexOf("NaN"u8) < 0 && utf8.IndexOf("Infinity"u8) < 0)
            return utf8.ToArray();
        var quoted = new List<byte>(utf8.Length + 64);
        var inside = false;
        for (var at = 0; at < utf8.Length; at++)
        {
            var rest = utf8[at..];
            if (inside && rest[0] == '\\' && rest.Length > 1)
            {
                quoted.AddRange(rest[..2]);
                at++;
                continue;
            }

            if (rest[0] == '"')
                inside = !inside;
            var length = inside ? 0 : rest.StartsWith("NaN"u8) ? 3 : rest.StartsWith("Infinity"u8) ? 8 : rest.StartsWith("-Infinity"u8) ? 9 : 0;
            // A name without quotes is no JSON of anybody's.
            if (length == 0 || rest[length..].TrimStart(" \t\r\n"u8).StartsWith(":"u8))
            {
                quoted.Add(rest[0]);
                continue;
            }

            quoted.AddRange("\"\\u0000"u8);
            quoted.AddRange(rest[..length]);
            quoted.Add((byte)'"');
            at += length - 1;
        }

        return quoted.ToArray();
    }
}
