using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints;

/// <summary><c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
/// <param name="Path">The index file.</param>
/// <param name="Shards">Shard file names in alphabetical order, each with the names of its tensors.</param>
/// <param name="TotalSize">Bytes of all tensors, where the index says so in whole bytes.</param>
internal sealed record ShardIndex(string Path, IReadOnlyDictionary<string, HashSet<string>> Shards, long? TotalSize)
{
    private const int MaxBytes = 64 << 20;

    /// <summary>Reads an index; the shards are named, not yet opened.</summary>
    public static ShardIndex Read(string path)
    {
        var root = JsonFile.Read(path, MaxBytes);
        if (root["weight_map"] is not JsonObject map || map.Count == 0)
            throw new EspalierException($"{path}: weight_map is missing or empty; it must map tensor names to shard names");
        var shards = new SortedDictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (var (tensor, node) in map)
        {
            if (node?.GetValueKind() != JsonValueKind.String)
                throw new EspalierException($"{path}: weight_map['{tensor}'] is not a string; it must name a shard");
            var shard = node.GetValue<string>();
            if (!shards.TryGetValue(shard, out var tensors))
                shards.Add(shard, tensors = new(StringComparer.Ordinal));
            tensors.Add(tensor);
        }

        return new(path, shards, ReadTotal(root));
    }

    /// <summary>Refuses a shard that holds other tensors than the index says, but for <see cref="HarmlessTensors"/>.</summary>
    public void Check(string shard, SafetensorsFile file)
    {
        var named = Shards[shard];
        if (named.FirstOrDefault(name => !file.Entries.ContainsKey(name) && !HarmlessTensors.Contains(name)) is { } missing)
            throw new EspalierException($"{Path}: weight_map assigns '{missing}' to {shard}, which does not contain it");
        if (file.Entries.Keys.FirstOrDefault(name => !named.Contains(name) && !HarmlessTensors.Contains(name)) is { } extra)
            throw new EspalierException($"{Path}: {shard} contains '{extra}', which weight_map does not assign to it");
    }

    /// <summary>
    /// A sentence where the shards' tensors are more or fewer bytes than the index says, which no program relies on; null where they are as
    /// many.
    /// </summary>
    public string? NoteOfTotal(long bytes) => TotalSize is { } total && total != bytes
        ? $"{Path}: metadata.total_size is {total}, but the shards' tensors have {bytes} bytes; the shards are believed"
        : null;

    private static long? ReadTotal(JsonObject root) =>
        ConfigJson.Number((root["metadata"] as JsonObject)?["total_size"]) is { } total and >= 0 and < 1e18 && Math.Floor(total) == total
            ? (long)total : null;
}
