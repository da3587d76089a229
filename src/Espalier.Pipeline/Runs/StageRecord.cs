using System.Text.Json.Serialization;

namespace Espalier.Pipeline.Runs;

/// <summary>
/// <c>stage.json</c>, written as the last act of a stage: it stands for "done". Nothing in it depends on the clock, so that two
/// runs of one recipe have the same.
/// </summary>
/// <param name="FormatVersion">Version of this record.</param>
/// <param name="Name">The stage.</param>
/// <param name="Key">All 64 digits of the key.</param>
/// <param name="Options">What determined it, for people.</param>
/// <param name="Inputs">Names and hashes of its inputs.</param>
/// <param name="Result">What the stage found out, for later stages and the report.</param>
/// <param name="Artefacts">Every file it made.</param>
internal sealed record StageRecord(
    int FormatVersion,
    string Name,
    string Key,
    JsonNode? Options,
    IReadOnlyDictionary<string, string> Inputs,
    JsonObject Result,
    IReadOnlyList<FileFact> Artefacts)
{
    internal const string FileName = "stage.json";
    internal const int KnownVersion = 1;

    /// <summary>What was checked of what it made, and held; null where nothing was, and in records of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Checks { get; init; }

    /// <summary>Hash of the names and contents of all artefacts.</summary>
    [JsonIgnore]
    public string OutputHash => ContentHash.OfFacts(Artefacts);

    /// <summary>
    /// The record of a finished stage, whatever its key; null where the stage was never finished. For readers such as the report: no
    /// artefact is looked at.
    /// </summary>
    /// <exception cref="DamagedFileException">It is not what was written.</exception>
    /// <exception cref="EspalierException">It is of a newer format.</exception>
    public static StageRecord? Read(string folder)
    {
        var path = System.IO.Path.Combine(folder, FileName);
        return System.IO.Path.Exists(path) ? SealedJson.Read(path, RecordJson.Of<StageRecord>(), KnownVersion) : null;
    }

    /// <summary>
    /// The record of a finished stage, or null: with <paramref name="problem"/> when there is one that cannot be believed, without
    /// when the stage was never finished. Changes nothing and needs no lock, so a dry run can ask.
    /// </summary>
    /// <param name="folder">The stage's folder.</param>
    /// <param name="key">What the stage must be.</param>
    /// <param name="hash">Whether to read every artefact (slow, sure) or to compare sizes (quick).</param>
    /// <param name="problem">What is wrong, naming the file.</param>
    /// <exception cref="EspalierException">The record is of a newer format.</exception>
    public static StageRecord? Find(string folder, StageKey key, bool hash, out string? problem)
    {
        problem = null;
        var path = System.IO.Path.Combine(folder, FileName);
        if (!System.IO.Path.Exists(path))
            return null;
        try
        {
            var record = SealedJson.Read(path, RecordJson.Of<StageRecord>(), KnownVersion);
            problem = record.Key != key.Hash
                ? $"{FileName} belongs to the key {record.Key}, not {key.Hash}"
                : record.Artefacts.Select(file => file.Problem(folder, hash)).FirstOrDefault(found => found is not null);
            return problem is null ? record : null;
        }
        catch (DamagedFileException damage)
        {
            problem = damage.Message;
            return null;
        }
    }
}
