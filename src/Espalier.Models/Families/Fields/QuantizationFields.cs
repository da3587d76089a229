namespace Espalier.Models.Families.Fields;

/// <summary>
/// <c>quantization_config</c>: refused, for weights that are quantised are read by <c>import</c> alone, unless it speaks of the key/value
/// cache alone, as llm-compressor writes it where nothing else was quantised. A written config has none: the scales that it speaks of are
/// left out too.
/// </summary>
internal static class QuantizationFields
{
    public const string Name = "quantization_config";

    private const string Cache = "kv_cache_scheme";
    private const string Groups = "config_groups";

    /// <summary>Refuses quantised weights.</summary>
    /// <exception cref="EspalierException">The weights are quantised.</exception>
    public static void RequireNone(ConfigFields config)
    {
        if (config.Object(Name) is { } quantization && !IsOfCache(quantization))
            throw new EspalierException(
                $"{config.Source}: {Name}: quantised weights are not supported; use the checkpoint in BF16, F16 or F32, or make "
                    + $"one with espalier import {System.IO.Path.GetDirectoryName(config.Source)} --output FOLDER");
    }

    /// <summary>A sentence where it speaks of the cache alone; null where there is none.</summary>
    public static string? Note(JsonObject raw) => raw[Name] is JsonObject
        ? $"{Name} concerns only the key/value cache; it is ignored, and models made from this one will not have it"
        : null;

    /// <summary>Takes it out of a config to be written.</summary>
    public static void Remove(JsonObject fields) => fields.Remove(Name);

    // Other methods (fp8, modelopt) have no list of what they quantise that could be seen to be empty.
    private static bool IsOfCache(ConfigFields quantization) =>
        quantization.Text("quant_method") == "compressed-tensors" && quantization.IsObject(Cache)
        && quantization.Object(Groups)?.Names.Any() != true;
}
