using System.Text.Json.Serialization;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Search;

namespace Espalier.Compression.Runs;

/// <summary>How the run folder's records are written: indented, snake_case, every required field demanded on reading.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    NewLine = "\n",
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CacheKey))]
[JsonSerializable(typeof(CacheManifest))]
[JsonSerializable(typeof(CheckpointManifest))]
[JsonSerializable(typeof(KnownIds[]))]
[JsonSerializable(typeof(KnownModel[]))]
[JsonSerializable(typeof(LatencyRecord))]
[JsonSerializable(typeof(StageRecord))]
[JsonSerializable(typeof(RunManifest))]
[JsonSerializable(typeof(RunOwner))]
internal sealed partial class RunJson : JsonSerializerContext;
