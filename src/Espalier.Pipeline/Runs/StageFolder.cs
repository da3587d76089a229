using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Pipeline.Runs;

/// <summary>
/// The folder of one stage: <c>stages/distill-0123456789ab</c>. Life of a stage: <see cref="Begin"/>, work with <see cref="Metrics"/>
/// and <see cref="Checkpoints"/>, <see cref="Complete"/>. Killed in between and begun again, it goes on from its last checkpoint.
/// </summary>
internal sealed class StageFolder : IDisposable
{
    /// <summary>In the folder, but no artefacts: they depend on the clock or are for going on only.</summary>
    private static readonly string[] s_apart =
        [StageRecord.FileName, RunLayout.Timing, RunLayout.Checkpoints, RunLayout.TensorBoard, RunLayout.Pieces];

    private readonly DurableFiles _files;
    private readonly Action<string> _report;
    private MetricsLog? _metrics, _timing;
    private double _checkSeconds;
    private TensorBoardLog? _board;

    internal StageFolder(string stages, StageKey key, DurableFiles files, Action<string> report)
    {
        (Key, _files, _report) = (key, files, report);
        Path = System.IO.Path.Combine(stages, key.FolderName);
        Checkpoints = new CheckpointStore(System.IO.Path.Combine(Path, RunLayout.Checkpoints))
        {
            BeforePublish = SyncLogs,
            Logs = () => _metrics is { } log ? [log.Fact()] : [],
        };
        Record = StageRecord.Find(Path, key, hash: false, out var problem);
        Disbelieve(problem);
    }

    /// <summary>
    /// The recipe that the stage is done for: TensorBoard's curves are named for it. Set before <see cref="Begin"/>; empty where there is
    /// none.
    /// </summary>
    public string Arm { get; set; } = "";

    /// <summary>What determines this stage.</summary>
    public StageKey Key { get; }

    /// <summary>Full path; exists once begun.</summary>
    public string Path { get; }

    /// <summary>The record of the finished stage, or null.</summary>
    public StageRecord? Record { get; private set; }

    /// <summary>Whether the stage is done and its artefacts are there with their sizes (their contents: <see cref="Verify"/>).</summary>
    public bool IsComplete => Record is not null;

    /// <summary>What was checked of what the stage made, and held; <see cref="Complete"/> records it.</summary>
    public IList<string> Checks { get; } = [];

    /// <summary>
    /// Adds to what the checks took; the sum is a line of <c>timing.jsonl</c>, <c>check_seconds</c>, when the stage is done.
    /// </summary>
    internal void AddCheckSeconds(double seconds) => _checkSeconds += seconds;

    /// <summary>The stage's checkpoints; saving one flushes the logs first.</summary>
    public CheckpointStore Checkpoints { get; }

    /// <summary>
    /// <c>metrics.jsonl</c>: what depends on data and seed alone, equal bit for bit in every run. Open between begin and complete.
    /// </summary>
    public MetricsLog Metrics => _metrics ?? throw NotBegun();

    /// <summary><c>timing.jsonl</c>: seconds, tokens per second, memory; by step too. Open between begin and complete.</summary>
    public MetricsLog Timing => _timing ?? throw NotBegun();

    /// <summary>
    /// <c>tensorboard/</c>: what metrics and timing hold, once more for TensorBoard; there only where something is added. Open between
    /// begin and complete.
    /// </summary>
    public TensorBoardLog Board => _board ?? throw NotBegun();

    /// <summary>The full path of an artefact, made by name.</summary>
    /// <param name="name">Relative name, with <c>/</c> between folders.</param>
    public string PathOf(string name) => FileFact.PathOf(Path, name);

    /// <summary>Writes an artefact, whole or not at all.</summary>
    /// <param name="name">Relative name; its folder must be there.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public void WriteFile(string name, Action<Stream> write) =>
        DurableOutput.Guard(PathOf(name), () => _files.WriteFile(PathOf(name), write));

    /// <summary>Deletes what is no artefact any more: a file, or a folder with all in it. Nothing where there is none.</summary>
    /// <param name="name">Relative name.</param>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public void Delete(string name)
    {
        if (System.IO.Path.Exists(PathOf(name)))
            DurableOutput.Guard(PathOf(name), () =>
            {
                _files.DeleteTree(PathOf(name));
                return true;
            });
    }

    /// <summary>Reads every artefact; when one is not what the record says, reports it and forgets that the stage was done.</summary>
    /// <returns>Whether the stage is complete.</returns>
    public bool Verify()
    {
        if (Record is null)
            return false;
        Record = StageRecord.Find(Path, Key, hash: true, out var problem);
        Disbelieve(problem);
        return IsComplete;
    }

    /// <summary>
    /// Starts or goes on: finds the newest whole checkpoint (null: from the beginning), cuts the metrics off after what it vouches
    /// for and the timing after its step, and deletes artefacts that were begun but are not vouched for.
    /// </summary>
    /// <param name="keepArtefacts">For a stage that judges itself which of its artefacts are good.</param>
    /// <exception cref="EspalierException">The disk refused, or something is in the way.</exception>
    public SavedCheckpoint? Begin(bool keepArtefacts = false)
    {
        if (IsComplete)
            throw new InvalidOperationException($"{Path} is complete.");
        CloseLogs();
        return DurableOutput.Guard(Path, () => Prepare(keepArtefacts));
    }

    private SavedCheckpoint? Prepare(bool keepArtefacts)
    {
        if (new DirectoryInfo(Path).LinkTarget is { } target)
            throw new EspalierException(
                $"{Path} is a symbolic link to {target}, but a stage writes and deletes only in its own folder: delete the link");
        if (File.Exists(Path))
            throw new EspalierException($"{Path} is a file, but the stage needs a folder there: move it away");
        _files.EnsureFolder(Path);
        ClearOddities();
        _files.CleanLeftovers(Path, below: true);
        var checkpoint = Checkpoints.OpenLatest(_report);
        if (!keepArtefacts)
            foreach (var entry in new DirectoryInfo(Path).GetFileSystemInfos())
                if (!s_apart.Contains(entry.Name) && entry.Name != RunLayout.Metrics)
                    _files.DeleteTree(entry.FullName);
        var stated = checkpoint?.Logs?.FirstOrDefault(log => log.Name == RunLayout.Metrics);
        _metrics = Opened(RunLayout.Metrics, path => MetricsLog.Open(path, checkpoint?.Step, stated));
        _timing = Opened(RunLayout.Timing, path => MetricsLog.Open(path, checkpoint?.Step, decides: false));
        _board = new TensorBoardLog(BoardFolder(), (checkpoint?.Step ?? 0) + 1, _report);
        return checkpoint;

        MetricsLog Opened(string name, Func<string, MetricsLog> open) => DurableOutput.Guard(PathOf(name), () => open(PathOf(name)));
    }

    /// <summary>
    /// Ends the stage: flushes and hashes everything in the folder, then writes <c>stage.json</c>, the last act. Before it the stage
    /// is undone, after it done, and there is nothing between.
    /// </summary>
    /// <param name="result">What the stage found out; nothing that depends on the clock. No save may be in flight.</param>
    /// <exception cref="EspalierException">Exit code 1: the disk refused; the stage is not done.</exception>
    public StageRecord Complete(JsonObject? result = null)
    {
        try
        {
            if (_checkSeconds > 0)
                _timing?.Append(_timing.LastStep, ("check_seconds", _checkSeconds));
            CloseLogs();
            _files.EnsureFolder(Path);
            _files.CleanLeftovers(Path, below: true);
            _files.SyncTree(Path);
            var artefacts = new List<FileFact>();
            Collect(new DirectoryInfo(Path), "", artefacts);
            artefacts.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
            var record = new StageRecord(StageRecord.KnownVersion, Key.Name, Key.Hash, Key.Options, Key.Inputs, result
                ?? [], artefacts)
            { Checks = Checks.Count > 0 ? [.. Checks] : null };
            var text = SealedJson.Bytes(record, RecordJson.Of<StageRecord>());
            _files.WriteFile(PathOf(StageRecord.FileName), stream => stream.Write(text));
            return Record = record;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{Path} could not be completed: {error.Message}; check the disk and start again",
                error)
            { ExitCode = 1 };
        }
    }

    public void Dispose() => CloseLogs();

    /// <summary>Where an earlier start began its curves they go on, whatever recipe it belonged to: recipes share stages.</summary>
    private string BoardFolder()
    {
        var folder = new DirectoryInfo(PathOf(RunLayout.TensorBoard));
        if (folder is { Exists: true, LinkTarget: null })
        {
            if (folder.EnumerateFiles().Any())
                return folder.FullName;
            if (folder.EnumerateDirectories().FirstOrDefault() is { } begun)
                return begun.FullName;
        }
        return Arm.Length > 0 && FileFact.IsSafeName(Arm) && !Arm.Contains('/', StringComparison.Ordinal)
            ? System.IO.Path.Combine(folder.FullName, Arm) : folder.FullName;
    }

    private void Disbelieve(string? problem)
    {
        if (problem is null)
            return;
        _report($"{Path} is run again: {problem}");
        // Whatever has that name: the stage's folder is its own.
        if (System.IO.Path.Exists(PathOf(StageRecord.FileName)))
            _files.DeleteTree(PathOf(StageRecord.FileName));
    }

    /// <summary>
    /// What stands where a log or a folder of checkpoints belongs and is none goes: the stage would fail on it, or write and delete through
    /// a link in a folder that is not its own. A <c>metrics.jsonl</c> beside checkpoints stays for them to judge: something is decided by
    /// it. Checkpoints that somebody moved away and left a link to stay, too: hours of work may be in them.
    /// </summary>
    private void ClearOddities()
    {
        foreach (var name in new[] { RunLayout.Timing, RunLayout.Checkpoints, RunLayout.TensorBoard, RunLayout.Metrics })
        {
            var path = PathOf(name);
            var odd = PathKind.Odd(path);
            var isWrong = name.EndsWith(".jsonl", StringComparison.Ordinal) ? odd is not null
                : File.Exists(path) || odd is not (null or PathKind.Folder);
            if (!isWrong || (name == RunLayout.Metrics && Directory.Exists(Checkpoints.Folder)))
                continue;
            var step = name == RunLayout.Checkpoints ? Checkpoints.LatestIntact() : null;
            // What a link leads to may be on a disk that is not mounted now.
            if (step is not null || (name == RunLayout.Checkpoints
                && Directory.ResolveLinkTarget(path, returnFinalTarget: true) is { } end && !System.IO.Path.Exists(end.FullName)))
                throw new EspalierException($"{path} {odd}{(step is null ? ", which is not there now" : "")}, but a stage saves and "
                    + $"deletes only in its own folder: move the checkpoints back to go on{(step is null ? "" : $" after step {step}")}, "
                    + "or delete the link to run the stage from its beginning");
            _report($"{path} {odd ?? "is a file"}, which no stage writes there; deleting it");
            _files.DeleteTree(path);
        }
    }

    private static void Collect(DirectoryInfo folder, string prefix, List<FileFact> artefacts)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (prefix.Length == 0 && s_apart.Contains(entry.Name))
                continue;
            if (entry.LinkTarget is not null)
                throw new IOException($"{prefix}{entry.Name} is a symbolic link, which no stage writes");
            if (entry is DirectoryInfo inner)
                Collect(inner, $"{prefix}{entry.Name}/", artefacts);
            else
                artefacts.Add(new FileFact(prefix + entry.Name, ((FileInfo)entry).Length, ContentHash.OfFile(entry.FullName)));
        }
    }

    private void SyncLogs()
    {
        _metrics?.Sync();
        _timing?.Sync();
    }

    private void CloseLogs()
    {
        _metrics?.Dispose();
        _timing?.Dispose();
        _board?.Dispose();
        _metrics = _timing = null;
        _board = null;
    }

    private InvalidOperationException NotBegun() => new($"{Path} was not begun, or is complete.");
}
