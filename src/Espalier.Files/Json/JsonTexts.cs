namespace Espalier.Files;

/// <summary>Texts in JSON that nobody vouches for.</summary>
internal static class JsonTexts
{
    /// <summary>The text of a value that is one; null for everything else, and where there is nothing.</summary>
    public static string? TextOf(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
