using System.Text.Encodings.Web;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Compression.Data.Records;

/// <summary>How this folder's JSON files look: kebab-case, indented, the same bytes on every platform.</summary>
internal static class DataJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.KebabCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static string Kebab(string name) => JsonNamingPolicy.KebabCaseLower.ConvertName(name);

    /// <summary>Reads a JSON file of at most 16 MiB; anything wrong is an error that names the file.</summary>
    public static T Read<T>(string path) => JsonFile.Read(path, 16 << 20, (root, source) =>
        root.Deserialize<T>(Options) ?? throw new EspalierException($"{source}: holds null instead of an object"));
}
