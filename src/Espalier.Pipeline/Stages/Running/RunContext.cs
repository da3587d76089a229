using System.Diagnostics;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>A locked run folder with what every stage needs: progress, cancellation and a manifest that is kept up to date.</summary>
internal sealed partial class RunContext : IDisposable
{
    private readonly RunFolder _folder;
    private readonly HashSet<string> _earlier;
    private readonly List<string> _used = [];
    private readonly WatchedInputs _watched = new();
    private RunTrail _trail = new([]);
    private IReadOnlyList<Stage> _walked = [];
    private string _arm = "";

    private RunContext(RunFolder folder, IProgressReporter progress, CancellationToken stop) =>
        (_folder, Progress, Stop, _earlier) =
            (folder, progress, stop, [.. folder.Manifest?.Stages.Select(entry => entry.Folder) ?? []]);

    public IProgressReporter Progress { get; }

    /// <summary>Whether the folder outlives the command, so that the same command can resume from it.</summary>
    private bool IsKept { get; set; } = true;

    /// <summary>Whether stages that train measure where their steps' time goes. Part of no key: it changes no result.</summary>
    public bool ProfilesSteps { get; init; }

    /// <summary>What they measured, in order; a stage that was already done has no entry.</summary>
    public List<StepProfile> Profiles { get; } = [];

    /// <summary>Cancelled when the run should save and end.</summary>
    public CancellationToken Stop { get; }

    public RunFolder Folder => _folder;

    public RunManifest Manifest => _folder.Manifest!;

    /// <summary>Entries of the stages that the current arm ran or found done, in order.</summary>
    public IReadOnlyList<StageEntry> Used => [.. _used.Select(folder => Manifest.Stages.First(entry => entry.Folder == folder))];

    /// <summary>Begins another arm: <see cref="Used"/> now lists its stages, including those that it shares with earlier arms.</summary>
    public void BeginArm(string arm = "")
    {
        _used.Clear();
        _arm = arm;
    }

    /// <summary>Sets the planned stages, from which the run derives its position.</summary>
    public void Plan(IReadOnlyList<PlannedStage> stages)
    {
        _trail = new(stages);
        _folder.Save(Manifest with { Arms = [.. stages.Select(stage => stage.Arm).Distinct()] });
    }

    /// <summary>
    /// Does a stage unless its folder shows that it was done: <paramref name="work"/> fills the folder (from a checkpoint where an earlier
    /// start left one) and returns what it found out. The manifest says what became of it, whatever happens.
    /// </summary>
    /// <param name="name">The stage.</param>
    /// <param name="options">Its options, which are part of its key.</param>
    /// <param name="inputs">Hashes of what it reads, which are too.</param>
    /// <param name="work">Fills the folder.</param>
    /// <param name="keepArtefacts">For a stage that decides itself which files of an interrupted start can be kept.</param>
    public StageRecord RunStage(
        string name, JsonObject options, IReadOnlyDictionary<string, string> inputs, Func<StageFolder, SavedCheckpoint?, JsonObject?> work,
        bool keepArtefacts = false)
    {
        Stop.ThrowIfCancellationRequested();
        using var stage = _folder.Stage(name, options, inputs);
        if (!_used.Contains(stage.Key.FolderName))
            _used.Add(stage.Key.FolderName);
        stage.Arm = _arm;
        _trail.Advance(name, _arm);
        var entry = Manifest.Stages.FirstOrDefault(entry => entry.Folder == stage.Key.FolderName);
        var before = entry?.SecondsIn(_folder.Path) ?? 0;
        // Read whole: what later stages compute from it must be what was made.
        if (stage.Verify() && stage.Record is { } done)
        {
            Progress.Note($"{name}: already done ({stage.Key.FolderName})");
            // Left where the run died between the stage's last act and this.
            stage.Checkpoints.DeleteAll();
            Enter(stage, StageStatus.Reused, before, done.OutputHash);
            return done;
        }
        if (_trail.Position is { } position)
            Progress.Stage(position.Stage, position.Of,
                Manifest.Arms.Count > 1 ? $"{position.Arm}, {position.TitleOf(name)}" : position.TitleOf(name));
        var started = Stopwatch.GetTimestamp();
        double Seconds() => before + Stopwatch.GetElapsedTime(started).TotalSeconds;
        Enter(stage, StageStatus.Started, before, null);
        try
        {
            RequireUnchanged(name, inputs);
            stage.Checkpoints.BeforeWrite = () => RequireUnchanged(name, inputs);
            var checkpoint = stage.Begin(keepArtefacts);
            var result = work(stage, checkpoint);
            RequireUnchanged(name, inputs);
            var record = stage.Complete(result);
            stage.Checkpoints.DeleteAll();
            Enter(stage, StageStatus.Done, Seconds(), record.OutputHash);
            return record;
        }
        catch (Exception)
        {
            // Where the folder is gone, that is why.
            _folder.RequireHeld();
            // On a full disk this fails too, and must not hide why.
            try
            {
                Enter(stage, StageStatus.Started, Seconds(), null);
            }
            catch (EspalierException)
            {
            }
            throw;
        }
    }

    /// <summary>A model folder that the user named; it is watched for changes.</summary>
    public ModelFolder Given(string name, string path)
    {
        var model = ModelFolder.Given(name, path);
        Watch(model.Source);
        return model;
    }

    /// <summary>
    /// Watches files: a stage with their hash among its inputs refuses to keep what it made if they have changed since they were hashed.
    /// </summary>
    /// <returns>The hash; empty for null.</returns>
    public string Watch(HashedFiles? files)
    {
        if (files is not null)
            _watched.Add(files);
        return files?.Hash ?? "";
    }

    private void RequireUnchanged(string name, IReadOnlyDictionary<string, string> inputs)
    {
        _folder.RequireHeld();
        _watched.RequireUnchanged(name, inputs);
    }

    /// <summary>Runs the stages of a list that are needed, in order.</summary>
    public void Walk(IEnumerable<Stage> stages, Action<Stage>? done = null)
    {
        // Stages have stages of their own.
        var outer = _walked;
        _walked = [.. stages];
        try
        {
            foreach (var stage in _walked.Where(stage => stage.IsNeeded))
            {
                stage.Run(this);
                done?.Invoke(stage);
            }
        }
        finally
        {
            _walked = outer;
        }
    }

    /// <summary>
    /// Called when a training begins, so that the stages after it can record what they will do with its result. Nothing happens for a
    /// training that an earlier start began: it must make what that start would have made.
    /// </summary>
    public void BeginTraining(StageKey key)
    {
        if (_earlier.Contains(key.FolderName))
            return;
        foreach (var stage in _walked)
            stage.BeforeTraining(this);
    }

    /// <summary>The record of a stage that was done, or null.</summary>
    public StageRecord? RecordOf(StageKey key)
    {
        using var stage = _folder.Stage(key);
        return stage.Record;
    }

    /// <summary>Makes a stage be done again.</summary>
    public void Forget(StageKey key) => _folder.Files.DeleteFolder(RunLayout.StageOf(_folder.Path, key.FolderName));

    /// <summary>The folder of a stage that was done.</summary>
    public string FolderOf(StageRecord record) => RunLayout.StageOf(_folder.Path, StageKey.FolderNameOf(record.Name, record.Key));

    public void Dispose() => _folder.Dispose();

    private void Enter(StageFolder stage, StageStatus status, double seconds, string? output) =>
        _folder.Save((Manifest with { Position = _trail.Position })
            .With(new(stage.Key.Name, stage.Key.FolderName, stage.Key.Hash, status, seconds, output, StepsOf(stage.Key.Options))));

    private static long? StepsOf(JsonNode? options) =>
        (options?["steps"] ?? options?["training"]?["steps"]) is not JsonValue value ? null
        : value.TryGetValue<long>(out var steps) ? steps : value.TryGetValue<int>(out var few) ? few : null;
}
