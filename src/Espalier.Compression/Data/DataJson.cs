using System.Text.Encodings.Web;
using System.Text.Json;

namespace Espalier.Compression.Data;

/// <summary>How this folder's JSON files look: kebab-case, indented, the same bytes on every platform.</summary>
internal static class DataJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static string Kebab(string name) => JsonNamingPolicy.KebabCaseLower.ConvertName(name);

    /// <summary>Reads a JSON file of at most 16 MiB; anything wrong is an error that names the file.</summary>
    public static T Read<T>(string path)
    {
        const long limit = 16 << 20;
        try
        {
            if (new FileInfo(path).Length is > limit and var length)
                throw new EspalierException($"{path}: {length} bytes are more than the {limit} that such a file may have");
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options)
                ?? throw new EspalierException($"{path}: holds null instead of an object");
        }
        catch (JsonException error)
        {
            throw new EspalierException($"{path}: no valid JSON of this kind: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}
