using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Files;

/// <summary>
/// A JSON record that carries the hash of its own text, <c>{"sha256": "...", "body": {...}}</c>: a flipped bit in a number is
/// noticed, and a newer format is told from a damaged file. The frame is read byte by byte as it was written, so that nothing
/// is parsed before its hash was found right.
/// </summary>
internal static class SealedJson
{
    private const int HashLength = 64;

    private static ReadOnlySpan<byte> Head => "{\n\"sha256\": \""u8;
    private static ReadOnlySpan<byte> Neck => "\",\n\"body\": "u8;
    private static ReadOnlySpan<byte> Tail => "\n}\n"u8;

    public static byte[] Bytes<T>(T body, JsonTypeInfo<T> type)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(body, type);
        return [.. Head, .. Encoding.ASCII.GetBytes(ContentHash.OfBytes(text)), .. Neck, .. text, .. Tail];
    }

    /// <summary>The text of a record, whose hash was found right.</summary>
    /// <exception cref="DamagedFileException">The file is not what was written.</exception>
    public static ReadOnlyMemory<byte> Body(string path)
    {
        var bytes = RecordFile.ReadBytes(path);
        var start = Head.Length + HashLength + Neck.Length;
        if (bytes.Length < start + Tail.Length || !bytes.AsSpan().StartsWith(Head)
            || !bytes.AsSpan(Head.Length + HashLength).StartsWith(Neck) || !bytes.AsSpan().EndsWith(Tail))
            throw new DamagedFileException($"{path} is not a sealed record");
        var body = bytes.AsMemory(start..^Tail.Length);
        return Encoding.ASCII.GetString(bytes, Head.Length, HashLength) == ContentHash.OfBytes(body.Span) ? body
            : throw new DamagedFileException($"{path} does not match the hash that it records");
    }

    /// <exception cref="DamagedFileException">The file is not what was written.</exception>
    /// <exception cref="EspalierException">It is intact, of a format newer than <paramref name="knownVersion"/>.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, int knownVersion) where T : class
    {
        var body = Body(path);
        try
        {
            using var document = JsonDocument.Parse(body, RecordFile.Strict);
            RecordFile.RequireKnownVersion(path, document.RootElement, knownVersion);
            return document.RootElement.Deserialize(type) ?? throw new DamagedFileException($"{path} is empty");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DamagedFileException($"{path} is not valid JSON: {JsonReason.Of(error)}", error);
        }
    }
}
