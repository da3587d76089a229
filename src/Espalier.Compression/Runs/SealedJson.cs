using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Compression.Runs;

/// <summary>
/// A JSON record that carries the hash of its own text, <c>{"sha256": "...", "body": {...}}</c>: a flipped bit in a number is
/// noticed, and a newer format is told from a damaged file.
/// </summary>
internal static class SealedJson
{
    public static byte[] Bytes<T>(T body, JsonTypeInfo<T> type)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(body, type);
        return [.. Encoding.UTF8.GetBytes($"{{\n\"sha256\": \"{ContentHash.OfBytes(text)}\",\n\"body\": "), .. text, .. "\n}\n"u8];
    }

    /// <exception cref="DamagedFileException">The file is not what was written.</exception>
    /// <exception cref="EspalierException">It is intact, of a format newer than <paramref name="knownVersion"/>.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, int knownVersion) where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(RunJson.ReadBytes(path), RunJson.Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || root.GetPropertyCount() != 2
                || !root.TryGetProperty("sha256", out var seal) || seal.ValueKind != JsonValueKind.String
                || !root.TryGetProperty("body", out var body))
                throw new DamagedFileException($"{path} is not a sealed record");
            if (seal.GetString() != ContentHash.OfBytes(JsonMarshal.GetRawUtf8Value(body)))
                throw new DamagedFileException($"{path} does not have the hash that it states");
            RunJson.RequireKnownVersion(path, body, knownVersion);
            return body.Deserialize(type) ?? throw new DamagedFileException($"{path} is empty");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DamagedFileException($"{path} is not valid JSON: {error.Message}", error);
        }
    }
}
