using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints;

/// <summary>How a checkpoint's tensors are spread over files, by the rule of transformers.</summary>
internal static class ShardPlan
{
    /// <summary>
    /// Goes through the tensors in order and starts a new shard before the one that would pass the limit; a tensor
    /// above the limit gets a shard of its own.
    /// </summary>
    public static IReadOnlyList<(string File, IReadOnlyList<TensorSpec> Tensors)> Split(IEnumerable<TensorSpec> tensors, long maxBytes)
    {
        var shards = new List<List<TensorSpec>>();
        var open = new List<TensorSpec>();
        long size = 0;
        foreach (var tensor in tensors)
        {
            var bytes = SafetensorsLayout.ByteLength(tensor);
            if (bytes > maxBytes)
            {
                shards.Add([tensor]);
                continue;
            }

            if (size + bytes > maxBytes)
            {
                shards.Add(open);
                (open, size) = ([], 0);
            }

            open.Add(tensor);
            size += bytes;
        }

        if (open.Count > 0)
            shards.Add(open);
        return shards.Count == 1
            ? [(CheckpointFolder.SingleFile, shards[0])]
            : [.. shards.Select((shard, i) =>
                ($"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors", (IReadOnlyList<TensorSpec>)shard))];
    }

    /// <summary>The text of <c>model.safetensors.index.json</c>.</summary>
    public static string Index(IReadOnlyList<(string File, IReadOnlyList<TensorSpec> Tensors)> shards)
    {
        var map = new JsonObject();
        foreach (var (file, tensors) in shards)
            foreach (var tensor in tensors)
                map[tensor.Name] = file;
        var all = shards.SelectMany(static shard => shard.Tensors).ToArray();
        return ConfigJson.Text(ConfigJson.Sorted(new()
        {
            ["metadata"] = new JsonObject
            {
                ["total_parameters"] = all.Sum(static tensor => SafetensorsLayout.ByteLength(tensor) / tensor.Type.Bytes()),
                ["total_size"] = all.Sum(SafetensorsLayout.ByteLength),
            },
            ["weight_map"] = map,
        }));
    }
}
