using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands;

/// <summary>Bytes at the two usual widths of an element.</summary>
/// <param name="F32">At four bytes.</param>
/// <param name="Bf16">At two bytes.</param>
internal sealed record BytesAtTypes(long F32, long Bf16);

/// <summary>What <c>inspect --json</c> prints of a Hugging Face folder: these fields, and those of <c>config.json</c> beside them.</summary>
internal sealed record ModelFacts
{
    /// <summary>The folder.</summary>
    public required string Path { get; init; }

    /// <summary>The family: <c>model_type</c>.</summary>
    public required string Family { get; init; }

    /// <summary>All parameters; a tied table counts once.</summary>
    public required long Parameters { get; init; }

    /// <summary>Those outside the embedding table and the head.</summary>
    public required long NonEmbeddingParameters { get; init; }

    /// <summary>Bytes of the weights as they are stored; 0 where there are none.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether weights lie beside the config.</summary>
    public required bool Weights { get; init; }

    /// <summary>Files of weights.</summary>
    public required int Files { get; init; }

    /// <summary>Bytes of all parameters in memory.</summary>
    public required BytesAtTypes MemoryBytes { get; init; }

    /// <summary>Bytes that one token leaves in the key/value cache.</summary>
    public required BytesAtTypes KvCacheBytesPerToken { get; init; }

    /// <summary>How much was checked: config (no weights there), headers (names, shapes, offsets, sizes), weights (every one finite).</summary>
    public required string Integrity { get; init; }

    /// <summary>The fields of <c>config.json</c> under their Hugging Face names, with what absent ones mean; dtype is that of the weights.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement> Config { get; init; } = [];

    internal static ModelFacts Of(Checkpoint checkpoint, bool read)
    {
        var config = checkpoint.Config;
        return new()
        {
            Path = checkpoint.Folder,
            Family = config.Family,
            Parameters = config.Parameters,
            NonEmbeddingParameters = config.NonEmbeddingParameters,
            Bytes = checkpoint.HasWeights ? checkpoint.TotalBytes : 0,
            Weights = checkpoint.HasWeights,
            Files = checkpoint.HasWeights ? checkpoint.Entries.Keys.Select(name => checkpoint.FileOf(name).Path).Distinct().Count() : 0,
            MemoryBytes = new(4 * config.Parameters, 2 * config.Parameters),
            KvCacheBytesPerToken = new(config.KeyValueBytesPerToken(4), config.KeyValueBytesPerToken(2)),
            Integrity = !checkpoint.HasWeights ? "config" : read ? "weights" : "headers",
            Config = Fields(checkpoint),
        };
    }

    private static Dictionary<string, JsonElement> Fields(Checkpoint checkpoint)
    {
        var fields = checkpoint.Family.WriteConfig(checkpoint.Config, checkpoint.RawConfig, checkpoint.StoredType);
        // Some families derive it where it is absent, and whoever reads this should not have to.
        fields["head_dim"] = checkpoint.Config.HeadDim;
        if (fields["rope_parameters"] is JsonObject parameters)
        {
            // Whichever form the file has for them.
            fields["rope_theta"] = parameters["rope_theta"]?.DeepClone();
            if (checkpoint.Config.Rotary.Scaling is not null)
                fields["rope_scaling"] = new JsonObject(parameters.Where(field => field.Key is not ("rope_theta" or "partial_rotary_factor"))
                    .Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone())));
        }
        return fields.Where(field => field.Value is not null).ToDictionary(field => field.Key, field => JsonSerializer.SerializeToElement(field.Value));
    }
}
