using System.Diagnostics.CodeAnalysis;

namespace Espalier.Server.Requests;

/// <summary>JSON of strangers: with a limit on its depth, no field twice, and texts that are characters throughout.</summary>
internal static class JsonBody
{
    /// <summary>Objects and lists inside of each other, at most.</summary>
    public const int Deepest = 64;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = Deepest, AllowDuplicateProperties = false };

    /// <summary>Reads a body.</summary>
    /// <exception cref="RequestException">It is no JSON, too deep, names a field twice, or has half of a surrogate pair.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
            throw RequestException.Bad("the body is empty; JSON was expected");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes, s_options);
        }
        catch (JsonException error)
        {
            throw RequestException.Bad(
                $"the body is not acceptable JSON ({Place(error)}): it must be well-formed, at most {Deepest} levels "
                    + "deep, and without duplicate fields", code: "invalid_json");
        }
        catch (InvalidOperationException)
        {
            throw RequestException.Bad("a field's name has bytes that are not UTF-8, or half of a surrogate pair",
                code: "invalid_json");
        }
        if (BrokenText(document.RootElement) is not { } place)
            return document;
        document.Dispose();
        place = place.TrimStart('.');
        throw RequestException.Bad($"{place} has bytes that are not UTF-8, or half of a surrogate pair", place,
            "invalid_json");
    }

    // A field that stands twice is the one error without a place.
    private static string Place(JsonException error) => error.LineNumber is not { } line ? "a field appears twice in an object"
        : $"line {line + 1}, byte {error.BytePositionInLine + 1}";

    /// <summary>Reads a JSON text that is part of something; false where it could not be a body.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out JsonDocument? document)
    {
        document = null;
        try
        {
            document = JsonDocument.Parse(text, s_options);
            if (BrokenText(document.RootElement) is null)
                return true;
            document.Dispose();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            // Not well-formed, a broken name, or half of a surrogate pair in the text itself.
        }
        document = null;
        return false;
    }

    // The place of the first text that is none; null where there is none.
    private static string? BrokenText(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            var i = 0;
            foreach (var item in element.EnumerateArray())
            {
                if (BrokenText(item) is { } place)
                    return $"[{i}]{place}";
                i++;
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in element.EnumerateObject())
                if (BrokenName(field) is { } name)
                    return name;
                else if (BrokenText(field.Value) is { } place)
                    return $".{field.Name}{place}";
        }
        else if (element.ValueKind == JsonValueKind.String && IsBroken(element.GetString))
        {
            return "";
        }
        return null;
    }

    private static string? BrokenName(JsonProperty field) => IsBroken(() => field.Name) ? ".(a name)" : null;

    private static bool IsBroken(Func<string?> text)
    {
        try
        {
            _ = text();
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
