using System.Text.Json;

namespace Espalier.Server.Requests;

/// <summary>A body as JSON, with limits on its depth.</summary>
internal static class JsonBody
{
    /// <summary>Objects and lists inside of each other, at most.</summary>
    public const int Deepest = 64;

    /// <summary>Reads it.</summary>
    /// <exception cref="RequestException">It is no JSON, too deep, or names a field twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
            throw RequestException.Bad("the body is empty: JSON is expected");
        try
        {
            return JsonDocument.Parse(bytes, new() { MaxDepth = Deepest, AllowDuplicateProperties = false });
        }
        catch (JsonException error)
        {
            throw RequestException.Bad(
                $"the body is no JSON that is read here (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}): well-formed, at most "
                    + $"{Deepest} objects and lists inside of each other, no field twice", code: "invalid_json");
        }
    }
}
