using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>A run folder that is held, with what every stage needs: progress, a way to stop, and the manifest kept up to date.</summary>
internal sealed class RunContext : IDisposable
{
    private readonly RunFolder _folder;
    private readonly HashSet<string> _earlier;
    private readonly List<string> _used = [];
    private readonly List<HashedFiles> _watched = [];
    private IReadOnlyList<PlannedStage> _planned = [];
    private IReadOnlyList<Stage> _walked = [];
    private string _arm = "";
    private int _at = -1;
    private RunPosition? _position;

    private RunContext(RunFolder folder, IProgressReporter progress, CancellationToken stop) =>
        (_folder, Progress, Stop, _earlier) =
            (folder, progress, stop, [.. folder.Manifest?.Stages.Select(entry => entry.Folder) ?? []]);

    public IProgressReporter Progress { get; }

    /// <summary>Whether the folder outlives the command, so that the same command goes on with what is in it.</summary>
    private bool IsKept { get; set; } = true;

    /// <summary>Whether stages that train measure where their steps' time goes. Part of no key: it changes no result.</summary>
    public bool ProfilesSteps { get; init; }

    /// <summary>What they measured, in their order; a stage that was done before has nothing here.</summary>
    public List<StepProfile> Profiles { get; } = [];

    /// <summary>Cancelled when the run should save and end.</summary>
    public CancellationToken Stop { get; }

    public RunFolder Folder => _folder;

    public RunManifest Manifest => _folder.Manifest!;

    /// <summary>Entries of the stages that the arm at work did or found done, in their order.</summary>
    public IReadOnlyList<StageEntry> Used => [.. _used.Select(folder => Manifest.Stages.First(entry => entry.Folder == folder))];

    /// <summary>From here on <see cref="Used"/> names the stages of another arm, those too that it shares with earlier ones.</summary>
    public void BeginArm(string arm = "")
    {
        _used.Clear();
        _arm = arm;
    }

    /// <summary>Says which stages will come, so that the run can tell how far it is.</summary>
    public void Plan(IReadOnlyList<PlannedStage> stages)
    {
        (_planned, _at, _position) = (stages, -1, null);
        _folder.Save(Manifest with { Arms = [.. stages.Select(stage => stage.Arm).Distinct()] });
    }

    /// <summary>Takes a run folder and writes its manifest, keeping the entries of stages from earlier starts.</summary>
    /// <param name="path">The folder; created.</param>
    /// <param name="recipe">Canonical text of what is run, for its hash.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="stop">Cancelled when the run should save and end.</param>
    /// <param name="profile">Whether training measures its steps (<see cref="ProfilesSteps"/>).</param>
    /// <exception cref="EspalierException">Another process holds the folder, or it cannot be written.</exception>
    public static RunContext Open(string path, string recipe, long seed, IProgressReporter progress, CancellationToken stop,
        bool profile = false)
    {
        var folder = RunFolder.Open(path, progress.Warn);
        try
        {
            ContinuedRun.Note(folder.Manifest, progress);
            folder.Save(new RunManifest
            {
                ProgramVersion =
                    typeof(RunContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
                    ?? "unknown",
                RecipeHash = ContentHash.OfText(recipe),
                Seeds = new Dictionary<string, long> { ["run"] = seed },
                Machine = MachineFacts.Detect(TorchRuntime.Threads, new Dictionary<string, string>
                {
                    ["libtorch"] = TorchRuntime.Version,
                    ["products"] = Products.ValueOf(Products.Library),
                    ["dotnet"] = Environment.Version.ToString(),
                    ["device"] = TorchRuntime.Device.ToString(),
                }),
                Arms = folder.Manifest?.Arms ?? [],
                Stages = folder.Manifest?.Stages ?? [],
            });
            return new(folder, progress, stop) { ProfilesSteps = profile };
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes a run folder (<see cref="Open"/>), works in it and lets go of it. Where wrong input lets nothing be done, what this start made
    /// is taken back while the folder is still held (<see cref="RunFolder.Withdraw"/>).
    /// </summary>
    public static T Within<T>(
        string path, string recipe, long seed, IProgressReporter progress, Func<RunContext, T> work, CancellationToken stop,
        bool profile = false)
    {
        using var run = Open(path, recipe, seed, progress, stop, profile: profile);
        try
        {
            return Recorded(run, work);
        }
        catch (OperationCanceledException)
        {
            progress.Note(run.IsKept ? "finished work is kept: the same command resumes from here"
                : "none of this work is kept: the same command starts over");
            throw;
        }
        catch (EspalierException error) when (error.ExitCode == 2)
        {
            run._folder.Withdraw();
            throw;
        }
    }

    /// <summary>
    /// The same in a folder that is there for one command alone, which keeps of it what it moves into its output
    /// (<see cref="DurableOutput.Move"/>).
    /// </summary>
    /// <param name="output">The output; the folder lies beside it. Null where there is none: it lies where temporary files go.</param>
    /// <param name="recipe">What is run, for its hash.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="progress">Receives notes and warnings.</param>
    /// <param name="work">Runs stages.</param>
    /// <param name="stop">Cancelled when it should end.</param>
    internal static T Once<T>(string? output, string recipe, long seed, IProgressReporter progress, Func<RunContext, T> work,
        CancellationToken stop)
    {
        using var folder = output is null ? ScratchFolder.Begin() : ScratchFolder.Beside(output);
        var inside = new Regex($"{Regex.Escape(folder.Path)}[^ :;,']*");
        try
        {
            return Within(folder.Path, recipe, seed, progress, run =>
            {
                run.IsKept = false;
                return work(run);
            }, stop);
        }
        // Nobody knows the folder; what is refused is the output.
        catch (EspalierException error) when (inside.IsMatch(error.Message))
        {
            throw new EspalierException(inside.Replace(error.Message, output ?? Path.GetTempPath()), error)
            {
                ExitCode = error.ExitCode,
            };
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException && (DiskFull.Is(error) || inside.IsMatch(error.Message)))
        {
            throw DurableOutput.Refused(output ?? Path.GetTempPath(), error);
        }
    }

    /// <summary>Works, and leaves in the manifest how that ended.</summary>
    private static T Recorded<T>(RunContext run, Func<RunContext, T> work)
    {
        try
        {
            var result = work(run);
            run.End(RunEnd.Done, null);
            return result;
        }
        catch (Exception error)
        {
            try
            {
                run.End(error is OperationCanceledException ? RunEnd.Interrupted : RunEnd.Failed, error is OperationCanceledException ? null
                    : error.Message);
            }
            catch (Exception second) when (second is IOException or UnauthorizedAccessException or EspalierException)
            {
                // The disk may be what went wrong: the first error is the one to hear of.
            }
            throw;
        }
    }

    private void End(RunEnd end, string? message) =>
        _folder.Save(Manifest with { Outcome = new(end, message, TimeProvider.System.GetUtcNow()) });

    /// <summary>
    /// Goes on to the next planned stage of that name; what is not planned (samples, a search's candidates) belongs to the one before.
    /// </summary>
    private void Advance(string name)
    {
        // What a search trains comes before its own stage, which collects it, and stands for it already.
        var at = Find(name == "candidate" ? "search" : name);
        if (at < 0)
            return;
        _position = new(at + 1, _planned.Count, _planned[at].Name, _planned[at].Arm, _planned[at].Cycle, _planned[at].Round);
        if (name != "candidate")
            _at = at;
    }

    private int Find(string name)
    {
        for (var i = _at + 1; i < _planned.Count; i++)
            if (_planned[i].Name == name && (_arm.Length == 0 || _planned[i].Arm == _arm))
                return i;
        return -1;
    }

    /// <summary>
    /// Does a stage unless its folder shows that it was done: <paramref name="work"/> fills the folder (from a checkpoint where an earlier
    /// start left one) and returns what it found out. The manifest says what became of it, whatever happens.
    /// </summary>
    /// <param name="name">The stage.</param>
    /// <param name="options">Its options, which are part of its key.</param>
    /// <param name="inputs">Hashes of what it reads, which are too.</param>
    /// <param name="work">Fills the folder.</param>
    /// <param name="keepArtefacts">For a stage that judges itself which files of an interrupted start are good.</param>
    public StageRecord RunStage(
        string name, JsonObject options, IReadOnlyDictionary<string, string> inputs, Func<StageFolder, SavedCheckpoint?, JsonObject?> work,
        bool keepArtefacts = false)
    {
        Stop.ThrowIfCancellationRequested();
        using var stage = _folder.Stage(name, options, inputs);
        if (!_used.Contains(stage.Key.FolderName))
            _used.Add(stage.Key.FolderName);
        stage.Arm = _arm;
        Advance(name);
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
        if (_position is { } position)
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

    /// <summary>A model's folder that a user named, watched.</summary>
    public ModelFolder Given(string name, string path)
    {
        var model = ModelFolder.Given(name, path);
        Watch(model.Source);
        return model;
    }

    /// <summary>
    /// Has every stage that names the files' hash among its inputs refuse to keep what it makes once they are no longer what was hashed.
    /// </summary>
    /// <returns>The hash; empty for null.</returns>
    public string Watch(HashedFiles? files)
    {
        if (files is not null && !_watched.Contains(files))
            _watched.Add(files);
        return files?.Hash ?? "";
    }

    private void RequireUnchanged(string name, IReadOnlyDictionary<string, string> inputs)
    {
        _folder.RequireHeld();
        foreach (var files in _watched.Where(files => inputs.Values.Contains(files.Hash)))
            if (files.Changed() is { } path)
                throw new EspalierException($"{path}: was changed since this run read it, so what {name} makes of it is not kept; "
                    + "put it back as it was to go on, or start again to do anew what depends on it");
    }

    /// <summary>Runs those stages of a list that turn out to be needed, in order.</summary>
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
    /// A training begins: stages after it say beforehand what it will lead them to do. One that an earlier start began makes what that
    /// start would have made.
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
        _folder.Save((Manifest with { Position = _position })
            .With(new(stage.Key.Name, stage.Key.FolderName, stage.Key.Hash, status, seconds, output, StepsOf(stage.Key.Options))));

    private static long? StepsOf(JsonNode? options) =>
        (options?["steps"] ?? options?["training"]?["steps"]) is not JsonValue value ? null
        : value.TryGetValue<long>(out var steps) ? steps : value.TryGetValue<int>(out var few) ? few : null;
}
