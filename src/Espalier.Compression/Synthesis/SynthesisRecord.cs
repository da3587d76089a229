namespace Espalier.Compression.Synthesis;

/// <summary>
/// What lies beside a finished file of texts, <c>FILE.jsonl.record</c>: what it was made with and what came of it. It is written last, so
/// that its presence says that the file is whole.
/// </summary>
/// <param name="FormatVersion">1.</param>
/// <param name="Settings">All that the file depends on.</param>
/// <param name="Summary">What came of it.</param>
/// <param name="File">Name, size and hash of the file.</param>
internal sealed record SynthesisRecord(int FormatVersion, JsonObject Settings, SynthesisSummary Summary, FileFact File)
{
    private const int KnownVersion = 1;

    /// <summary>The record's place.</summary>
    public static string PlaceOf(string file) => $"{file}.record";

    /// <summary>The journal's place while the file is made.</summary>
    public static string JournalOf(string file) => $"{file}.journal";

    /// <summary>Writes the record of a file.</summary>
    public static void Write(string file, JsonObject settings, SynthesisSummary summary, FileFact fact) => DurableOutput.WriteFile(
        PlaceOf(file), SealedJson.Bytes(new(KnownVersion, settings, summary, fact), RecordJson.Of<SynthesisRecord>()));

    /// <summary>What an earlier start finished, where it was made with the same settings; null where there is no record.</summary>
    /// <exception cref="EspalierException">It was made with others, or is not as it was written.</exception>
    public static SynthesisSummary? Find(string file, JsonObject settings)
    {
        var place = PlaceOf(file);
        if (!Path.Exists(place))
            return null;
        var record = SealedJson.Read(place, RecordJson.Of<SynthesisRecord>(), KnownVersion);
        if (Difference(record.Settings, settings) is { } difference)
            throw new EspalierException(
                $"{file}: was made with {difference}; give another file, or delete it and {Path.GetFileName(place)} to make it again");
        if (!System.IO.File.Exists(file) || new FileInfo(file).Length != record.File.Size || ContentHash.OfFile(file) != record.File.Sha256)
            throw new EspalierException(
                $"{file}: has changed since it was made; give another file, or delete it and {Path.GetFileName(place)} to make it "
                    + $"anew");
        return record.Summary;
    }

    /// <summary>The first setting that differs, with both values; null where none does.</summary>
    public static string? Difference(JsonObject made, JsonObject asked)
    {
        foreach (var (name, value) in asked)
            if (!JsonNode.DeepEquals(made[name], value))
                return value is JsonObject inner && made[name] is JsonObject before
                    ? Difference(before, inner) : $"{name.Replace('_', '-')} {Shown(made[name])}, but {Shown(value)} is requested";
        return made.Select(pair => pair.Key).FirstOrDefault(name => !asked.ContainsKey(name)) is { } more
            ? $"{more.Replace('_', '-')} {Shown(made[more])}, which is not requested" : null;
    }

    private static string Shown(JsonNode? value) => value is null ? "none" : OneLine.Clipped(value.ToJsonString().Trim('"'));
}
