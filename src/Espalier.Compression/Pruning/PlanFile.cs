using System.Text.Json;
using Espalier.Compression.Recipes;
using Espalier.Compression.Runs;

namespace Espalier.Compression.Pruning;

/// <summary>
/// The JSON form of a <see cref="PruningPlan"/>, which a person can write: <c>version</c> (1), <c>method</c> (free text), <c>layers</c>,
/// <c>channels</c>, and <c>heads</c> and <c>neurons</c> with one list for each kept layer; 0-based indices of what stays.
/// </summary>
public static class PlanFile
{
    /// <summary>Longest plan that is read: that of a 340B model has 25 MB.</summary>
    public const long MaxBytes = 64 << 20;

    private const int Newest = 1;

    /// <summary>Reads a plan. Whether it fits a teacher is found out by <see cref="PruningPlan.Apply"/>.</summary>
    /// <exception cref="EspalierException">The file cannot be read, or a field is unknown, missing or of a wrong type; it is named.</exception>
    public static PruningPlan Read(string path) => JsonFields.Read(path, MaxBytes, Parse);

    /// <summary>Writes a plan, whole or not at all.</summary>
    public static void Write(string path, PruningPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var bytes = JsonLayout.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", plan.Version);
            json.WriteString("method", plan.Method);
            json.Numbers("layers", plan.Layers);
            json.Numbers("channels", plan.Channels);
            json.NumberLists("heads", plan.Heads);
            json.NumberLists("neurons", plan.Neurons);
            json.WriteEndObject();
        });
        DurableFiles.OnDisk.WriteFile(path, stream => stream.Write(bytes));
    }

    private static PruningPlan Parse(JsonElement root, string source)
    {
        var fields = new JsonFields(root, source, "", "version", "method", "layers", "channels", "heads", "neurons");
        var plan = new PruningPlan
        {
            Version = fields.Version(Newest),
            Method = fields.Text("method") ?? "by hand",
            Layers = fields.Indices("layers"),
            Channels = fields.Indices("channels"),
            Heads = fields.IndexLists("heads"),
            Neurons = fields.IndexLists("neurons"),
        };
        return plan;
    }
}
