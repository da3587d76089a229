using System.Text.Json.Serialization;

namespace Espalier.Files;

/// <summary>How remembered hashes are written.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(KnownHash[]))]
internal sealed partial class HashJson : JsonSerializerContext;
