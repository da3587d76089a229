using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs;

/// <summary>What became of a stage.</summary>
internal enum StageStatus
{
    /// <summary>Begun and not ended: running, interrupted, or failed.</summary>
    Started,

    /// <summary>Done in this run.</summary>
    Done,

    /// <summary>Found done.</summary>
    Reused,
}

/// <summary>One stage in <c>run.json</c>.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Folder">Its folder inside <c>stages</c>.</param>
/// <param name="Key">All 64 digits of its key.</param>
/// <param name="Status">What became of it.</param>
/// <param name="Seconds">Wall-clock time over all attempts that the program saw the end of.</param>
/// <param name="OutputHash">Hash of its artefacts, once done.</param>
/// <param name="Steps">Steps that it trains; null where it trains nothing.</param>
internal sealed record StageEntry(string Name, string Folder, string Key, StageStatus Status, double Seconds, string? OutputHash,
    long? Steps = null)
{
    /// <summary>
    /// <see cref="Seconds"/>; of a stage that is not done at least what its log's steps took, for a start that was killed counted nothing.
    /// </summary>
    /// <param name="run">The run folder.</param>
    internal double SecondsIn(string run) => Status != StageStatus.Started ? Seconds
        : Math.Max(Seconds, RunStatus.Lines(Path.Combine(RunLayout.StageOf(run, Folder), RunLayout.Timing), "seconds")
            .Sum(step => step.Value));
}

/// <summary>
/// <c>run.json</c>: what was run, with what, where, and what came of it; everything that is needed to repeat it. Immutable:
/// change it with <c>with</c> and save it whole.
/// </summary>
internal sealed record RunManifest
{
    internal const string FileName = "run.json";
    internal const int KnownVersion = 1;

    /// <summary>Version of this record.</summary>
    public int FormatVersion { get; init; } = KnownVersion;

    /// <summary>Version of the program that wrote it last.</summary>
    public required string ProgramVersion { get; init; }

    /// <summary>Hash of the recipe's text.</summary>
    public required string RecipeHash { get; init; }

    /// <summary>Name to seed: <c>data</c>, <c>training</c>, ...</summary>
    public required IReadOnlyDictionary<string, long> Seeds { get; init; }

    /// <summary>Where it was run.</summary>
    public required MachineFacts Machine { get; init; }

    /// <summary>Names of the recipes that are run, in their order; empty where it is a single training.</summary>
    public IReadOnlyList<string> Arms { get; init; } = [];

    /// <summary>Where the last start is, or was, among the stages to come; null where they are not known beforehand.</summary>
    public RunPosition? Position { get; init; }

    /// <summary>How the last start ended; null while it works, and where it was killed.</summary>
    public RunOutcome? Outcome { get; init; }

    public IReadOnlyList<StageEntry> Stages { get; init; } = [];

    /// <summary>
    /// What the run has put outside its stages, which it may replace; null in a manifest of an early build, which kept no list.
    /// </summary>
    public IReadOnlyList<RunOutput>? Outputs { get; init; }

    /// <summary>
    /// Folders in which outputs are made until they are whole, as seen from the run folder; the next start deletes what it finds of them.
    /// </summary>
    public IReadOnlyList<string> Unfinished { get; init; } = [];

    /// <summary>What was asked for and not done, each with its reason.</summary>
    public IReadOnlyList<string> Refusals { get; init; } = [];

    /// <summary>What the user should know.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The last stage of a name that was finished; null where none was.</summary>
    public StageEntry? Finished(string name) =>
        Stages.LastOrDefault(stage => stage.Name == name && stage.Status != StageStatus.Started);

    /// <summary>The same manifest with a stage's entry replaced, or added at the end.</summary>
    public RunManifest With(StageEntry entry)
    {
        var stages = Stages.ToList();
        var index = stages.FindIndex(stage => stage.Folder == entry.Folder);
        if (index < 0)
            stages.Add(entry);
        else
            stages[index] = entry;
        return this with { Stages = stages };
    }

    /// <summary>Reads the manifest of a run folder, or null where there is none. Needs no lock: readers never see half a file.</summary>
    /// <exception cref="DamagedFileException">It is not what was written.</exception>
    /// <exception cref="EspalierException">It is of a newer format.</exception>
    public static RunManifest? Load(string runFolder)
    {
        var path = Path.Combine(runFolder, FileName);
        if (!Path.Exists(path))
            return null;
        try
        {
            using var document = JsonDocument.Parse(RecordFile.ReadBytes(path), RecordFile.Strict);
            RecordFile.RequireKnownVersion(path, document.RootElement, KnownVersion);
            return document.RootElement.Deserialize(RecordJson.Of<RunManifest>());
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DamagedFileException($"{path} is damaged: {error.Message}; delete it, and also report.html and results.json if they "
                + "exist, which it vouches for (the stages are kept)", error);
        }
    }

    internal FileFact Save(string runFolder, DurableFiles files)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Of<RunManifest>());
        return files.WriteFile(Path.Combine(runFolder, FileName), stream =>
        {
            stream.Write(text);
            stream.Write("\n"u8);
        });
    }
}
