using System.Text.Json;
using Espalier.Files;
using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>
/// The JSON form of a <see cref="PruningPlan"/>, which a person can write: <c>version</c> (1), <c>method</c> (free text), <c>layers</c>,
/// <c>channels</c>, and <c>heads</c> and <c>neurons</c> with one list for each kept layer; 0-based indices of what stays. Optional, again
/// with one list for each kept layer: <c>kv_heads</c> where whole KV groups go, <c>experts</c> in place of <c>neurons</c> where layers are
/// mixtures of them, with <c>expert_neurons</c> for each kept expert of each kept layer, and <c>merges</c> with pairs [head that stays,
/// head that goes].
/// </summary>
internal static class PlanFile
{
    /// <summary>Longest plan that is read: that of a 340B model has 25 MB.</summary>
    public const long MaxBytes = 64 << 20;

    private const int Newest = 1;

    /// <summary>Reads a plan. Whether it fits a teacher is found out by <see cref="PruningPlan.Apply"/>.</summary>
    /// <exception cref="EspalierException">
    /// The file cannot be read, or a field is unknown, missing or of a wrong type; it is named.
    /// </exception>
    public static PruningPlan Read(string path) => JsonFile.Read(path, MaxBytes, Parse);

    /// <summary>Writes a plan, whole or not at all.</summary>
    public static void Write(string path, PruningPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var bytes = JsonLayout.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", plan.Version);
            json.WriteString("method", plan.Method);
            foreach (var axis in plan.Kept.Axes)
                if (axis.IsPerLayer)
                    json.NumberLists(axis.UnitsField, plan.Kept[axis]!);
                else
                    json.Numbers(axis.UnitsField, plan.Kept[axis]![0]);
            if (plan.Merges is { } merges)
                WriteMerges(json, merges);
            json.WriteEndObject();
        });
        DurableOutput.WriteFile(path, bytes.Length, stream => stream.Write(bytes));
    }

    private static PruningPlan Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(root, source, "", ["version", "method", .. Axis.All.Select(axis => axis.UnitsField), "merges"]);
        return new()
        {
            Version = fields.Version(Newest),
            Method = fields.Text("method") ?? "by hand",
            Kept = new(axis => (axis.Grouped is not null || IsOptional(axis, root)) && !root.TryGetProperty(axis.UnitsField, out _) ? null
                : axis.IsPerLayer ? fields.IndexLists(axis.UnitsField) : [fields.Indices(axis.UnitsField)]),
            Merges = root.TryGetProperty("merges", out var merges) ? Merges(merges, fields) : null,
        };
    }

    // A model has neurons, experts, or both; a hybrid may have neither, nor heads.
    private static bool IsOptional(Axis axis, JsonElement root) => root.TryGetProperty(Axis.MambaHeads.UnitsField, out _)
        ? axis.IsOptional || axis == Axis.Heads
        : axis.IsOptional && Axis.All.Any(other =>
            other != axis && other.IsOptional && !other.IsPerExpert && root.TryGetProperty(other.UnitsField, out _));

    private static void WriteMerges(Utf8JsonWriter json, HeadMerge[][] merges)
    {
        json.WriteStartArray("merges");
        foreach (var layer in merges)
            json.WriteRawValue($"[{string.Join(", ", layer.Select(merge => $"[{merge.Head}, {merge.Gone}]"))}]");
        json.WriteEndArray();
    }

    private static HeadMerge[][] Merges(JsonElement merges, JsonFields fields)
    {
        const string rule = "it must be a list with, for each kept layer, a list of pairs [head that stays, head that goes]";
        JsonElement.ArrayEnumerator Items(JsonElement list) =>
            list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw fields.Wrong("merges", rule);
        int Head(JsonElement value) =>
            value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var head) ? head : throw fields.Wrong("merges", rule);
        HeadMerge Pair(JsonElement pair) =>
            Items(pair).ToArray() is [var head, var gone] ? new(Head(head), Head(gone)) : throw fields.Wrong("merges", rule);
        return [.. Items(merges).Select(layer => Items(layer).Select(Pair).ToArray())];
    }
}
