namespace Espalier.Files;

/// <summary>Texts in JSON that nobody vouches for, and numbers of this program's records.</summary>
internal static class JsonTexts
{
    /// <summary>The text of a value that is one; null for everything else, and where there is nothing.</summary>
    public static string? TextOf(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>A number, one that is none or infinite too, as <see cref="RecordJson"/> writes it; null for everything else.</summary>
    public static double? NumberOf(this JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number
        : node.TextOf() switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => null,
        };
}
