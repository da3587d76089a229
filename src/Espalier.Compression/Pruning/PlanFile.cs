using Espalier.Compression.Pruning.Experts;

namespace Espalier.Compression.Pruning;

/// <summary>
/// The JSON form of a <see cref="PruningPlan"/>, which a person can write: <c>version</c> (1), <c>method</c> (free text), <c>layers</c>,
/// <c>channels</c>, and <c>heads</c> and <c>neurons</c> with one list for each kept layer; 0-based indices of what stays. Optional, again
/// with one list for each kept layer: <c>kv_heads</c> where whole KV groups go, <c>experts</c> in place of <c>neurons</c> where layers are
/// mixtures of them, with <c>expert_neurons</c> for each kept expert of each kept layer, <c>merges</c> with pairs [head that stays, head
/// that goes], and <c>expert_merges</c> with [expert that stays, expert that goes, its share].
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

    /// <summary>The shape that the plan of a file leaves of a teacher.</summary>
    /// <exception cref="EspalierException">It cannot be read, or does not fit; the file and the field are named.</exception>
    public static DecoderConfig Apply(string path, DecoderConfig teacher)
    {
        const string OfPlan = "plan: ";
        var plan = Read(path);
        try
        {
            return plan.Apply(teacher);
        }
        catch (EspalierException error) when (error.Message.StartsWith(OfPlan, StringComparison.Ordinal))
        {
            throw new EspalierException($"{path}: {error.Message[OfPlan.Length..]}", error);
        }
    }

    /// <summary>Writes a plan, whole or not at all.</summary>
    public static void Write(string path, PruningPlan plan) => DurableOutput.WriteFile(path, JsonLayout.Bytes(json =>
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
            WriteLists(json, "merges", merges, merge => $"[{merge.Head}, {merge.Gone}]");
        if (plan.ExpertMerges is { } experts)
            WriteLists(json, "expert_merges", experts, merge => $"{merge}");
        json.WriteEndObject();
    }));

    private static PruningPlan Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(root, source, "", ["version", "method", .. Axis.All.Select(axis => axis.UnitsField), "merges",
            "expert_merges"]);
        return new()
        {
            Version = fields.Version(Newest),
            Method = fields.Text("method") ?? "by hand",
            Kept = new(axis => (axis.Grouped is not null || IsOptional(axis, root)) && !root.TryGetProperty(axis.UnitsField, out _) ? null
                : axis.IsPerLayer ? fields.IndexLists(axis.UnitsField) : [fields.Indices(axis.UnitsField)]),
            Merges = root.TryGetProperty("merges", out var merges) ? Merges(merges, fields) : null,
            ExpertMerges = root.TryGetProperty("expert_merges", out var experts) ? ExpertMerges(experts, fields) : null,
        };
    }

    // A model has neurons, experts, or both; a hybrid may have neither, nor heads.
    private static bool IsOptional(Axis axis, JsonElement root) =>
        Axis.All.Any(other => other.IsOfHybrids && root.TryGetProperty(other.UnitsField, out _))
        ? axis.IsOptional || axis == Axis.Heads
        : axis.IsOptional && Axis.All.Any(other =>
            other != axis && other.IsOptional && !other.IsPerExpert && root.TryGetProperty(other.UnitsField, out _));

    private static void WriteLists<T>(Utf8JsonWriter json, string field, T[][] lists, Func<T, string> text) =>
        json.WriteList(field, lists, layer => json.WriteRawValue($"[{string.Join(", ", layer.Select(text))}]"));

    private static HeadMerge[][] Merges(JsonElement merges, JsonFields fields)
    {
        const string rule = "it must be a list with, for each kept layer, a list of pairs [head that stays, head that goes]";
        return Lists(merges, 2, items => new HeadMerge(Index(items[0], Wrong), Index(items[1], Wrong)), Wrong);

        EspalierException Wrong() => fields.Wrong("merges", rule);
    }

    private static ExpertMerge[][] ExpertMerges(JsonElement merges, JsonFields fields)
    {
        const string rule = "it must be a list with, for each kept layer, a list of lists [expert that stays, expert that goes, its share]";
        return Lists(merges, 3, items => new ExpertMerge(Index(items[0], Wrong), Index(items[1], Wrong),
            items[2].ValueKind == JsonValueKind.Number && items[2].GetDouble() is var share && double.IsFinite(share) ? share
                : throw Wrong()), Wrong);

        EspalierException Wrong() => fields.Wrong("expert_merges", rule);
    }

    private static T[][] Lists<T>(JsonElement lists, int length, Func<JsonElement[], T> item, Func<EspalierException> wrong)
    {
        return [.. Items(lists).Select(layer => Items(layer)
            .Select(one => Items(one).ToArray() is var values && values.Length == length ? item(values) : throw wrong()).ToArray())];

        JsonElement.ArrayEnumerator Items(JsonElement list) =>
            list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : throw wrong();
    }

    private static int Index(JsonElement value, Func<EspalierException> wrong) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var index) ? index : throw wrong();
}
