using System.Text;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Runs.Folders;

/// <summary>
/// A run on the disk: <c>run.json</c>, <c>recipe.yaml</c>, <c>report.html</c>, and <c>stages/NAME-HASH</c>. Held by one process at a time.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private readonly RunLock _lock;
    private readonly DurableFiles _files;
    private readonly Action<string> _report;
    private readonly RunTraces _traces;
    private readonly OutputLedger _outputs;

    private RunFolder(
        string path, RunLock runLock, DurableFiles files, Action<string> report, RunManifest? manifest, RunTraces traces,
        OutputLedger outputs) =>
        (Path, _lock, _files, _report, Manifest, _traces, _outputs) = (path, runLock, files, report, manifest, traces, outputs);

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary><c>run.json</c> as it is on the disk; null before the first <see cref="Save"/>.</summary>
    public RunManifest? Manifest { get; private set; }

    /// <summary>Durable writing for files of this run.</summary>
    internal DurableFiles Files => _files;

    /// <summary>Takes the folder (creating it where it is missing) and clears away what interrupted writes left.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="report">Receives sentences that the user should see: damage found, stages done again.</param>
    /// <exception cref="EspalierException">
    /// Somebody else holds it (named, within a second), it cannot be written, or its manifest is damaged or of a newer format.
    /// </exception>
    public static RunFolder Open(string path, Action<string>? report = null)
    {
        path = System.IO.Path.GetFullPath(path);
        var files = DurableFiles.OnDisk;
        var isNew = !Directory.Exists(path);
        var isLockNew = !File.Exists(System.IO.Path.Combine(path, RunLock.FileName));
        var runLock = Take(path, files);
        try
        {
            var traces = RunTraces.Before(path, isNew, isLockNew, files);
            // Before anything is touched: a newer program's folder is not ours to tidy.
            var manifest = RunManifest.Load(path);
            var outputs = new OutputLedger(path, manifest);
            RequireStages(path);
            RunLeftovers.Sweep(path, outputs, files);
            return new RunFolder(path, runLock, files, report ?? (_ => { }), manifest, traces, outputs);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            runLock.Dispose();
            throw new EspalierException(
                $"{path}: files left by an interrupted run cannot be removed: {error.Message}; check the disk or choose another run folder",
                error)
            { ExitCode = 1 };
        }
        catch
        {
            runLock.Dispose();
            throw;
        }
    }

    /// <summary>The folder of a stage, complete or not; the caller disposes it.</summary>
    /// <param name="name">Lower-case name: <c>distill</c>.</param>
    /// <param name="options">What shapes its result, as JSON.</param>
    /// <param name="inputs">Names and hashes of its inputs.</param>
    public StageFolder Stage(string name, JsonNode? options, IReadOnlyDictionary<string, string> inputs) =>
        Stage(StageKey.Of(name, options, inputs));

    /// <summary>The folder of a stage whose key is made already.</summary>
    public StageFolder Stage(StageKey key) => new(System.IO.Path.Combine(Path, RunLayout.Stages), key, _files, _report);

    /// <summary>Refuses to go on in a folder that is no longer the one that was taken: somebody else may be at work in it.</summary>
    /// <exception cref="EspalierException">It, or its lock, was deleted, moved or replaced.</exception>
    public void RequireHeld()
    {
        if (!_lock.IsHeld(Path))
            throw new EspalierException($"{PathOf(RunLock.FileName)}: is no longer the file that this run locked: the run folder or its "
                + "lock was deleted, moved or replaced, so nothing more is written there; start again, and leave both alone until it ends")
            { ExitCode = 1 };
    }

    /// <summary>Writes <c>run.json</c>, whole or not at all, with the outputs so far.</summary>
    public void Save(RunManifest manifest)
    {
        RequireHeld();
        manifest = _outputs.Enter(manifest);
        DurableOutput.Guard(PathOf(RunManifest.FileName), () => manifest.Save(Path, _files));
        Manifest = manifest;
    }

    /// <summary>
    /// Refuses outputs that would replace what no record of a run folder vouches for. Changes nothing and needs no lock: for a look
    /// before the work.
    /// </summary>
    /// <param name="path">The run folder; it need not exist.</param>
    /// <param name="outputs">Full paths of files and folders that will be written.</param>
    /// <exception cref="EspalierException">What is in the way is named; or <c>run.json</c> is damaged or of a newer format.</exception>
    public static void Check(string path, params IEnumerable<string> outputs)
    {
        var ledger = new OutputLedger(path, RunManifest.Load(path));
        RequireStages(path);
        ledger.Require([.. outputs]);
    }

    /// <summary>Refuses an output that would replace what no record of this run vouches for.</summary>
    /// <param name="output">Its full path.</param>
    /// <exception cref="EspalierException">What is in the way is named.</exception>
    public void Require(string output) => _outputs.Require(output);

    /// <summary>Whether a path is this run's own: its records, its stages, or an output. What is read for a run leaves it out.</summary>
    public bool Owns(string path) => Owns(Path, _outputs, path);

    /// <summary>The same of a run folder that is not held; it need not exist.</summary>
    /// <exception cref="EspalierException">Its <c>run.json</c> is damaged or of a newer format.</exception>
    public static Predicate<string> OwnFiles(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        var outputs = new OutputLedger(path, RunManifest.Load(path));
        return file => Owns(path, outputs, file);
    }

    private static bool Owns(string folder, OutputLedger outputs, string path)
    {
        var name = System.IO.Path.GetRelativePath(folder, System.IO.Path.GetFullPath(path)).Replace('\\', '/');
        return name.StartsWith(RunLayout.Stages + "/", StringComparison.Ordinal) || RunLeftovers.Records.Contains(name) || outputs.Holds(path);
    }

    /// <summary>
    /// Writes a file at the top of the run folder (<c>recipe.yaml</c>, <c>report.html</c>), whole or not at all. One that holds the
    /// same already is left as it is, whoever wrote it.
    /// </summary>
    /// <exception cref="EspalierException">A file of that name is there that is not this run's, or was changed.</exception>
    public void WriteFile(string name, Action<Stream> write)
    {
        var path = PathOf(name);
        RequireHeld();
        try
        {
            using var file = _files.Begin(path);
            write(file.Stream);
            var fact = file.Flush();
            if (fact.Problem(System.IO.Path.GetDirectoryName(path)!, hash: true) is null)
                return;
            Enter(path, [fact]);
            file.Publish();
            _outputs.Settle(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DurableOutput.Refused(path, error);
        }
    }

    /// <summary>
    /// Makes outputs, files or folders in one folder, and then puts them into their places. Killed on the way, the next start finds
    /// the old ones, the new ones or none, knows which are its own, and clears away the rest.
    /// </summary>
    /// <param name="outputs">Their full paths.</param>
    /// <param name="make">Makes all of them, under their names, in the folder that it is given.</param>
    /// <exception cref="EspalierException">Something is in the way that is not this run's, or was changed.</exception>
    public void Publish(IReadOnlyList<string> outputs, Action<string> make)
    {
        RequireHeld();
        var parent = DurableOutput.Guard(outputs[0], () =>
        {
            var folder = System.IO.Path.GetDirectoryName(outputs[0])!;
            _files.EnsureFolder(folder);
            // Of a run whose record is lost, or of an early build: what the record knows is gone since the start.
            foreach (var output in outputs)
                _files.Sweep(output);
            return folder;
        });
        Beside(outputs[0], outputs[0], place =>
        {
            make(place);
            foreach (var output in outputs)
                ModelCardFile.Keep(output, System.IO.Path.Combine(place, System.IO.Path.GetFileName(output)), _files);
            _files.SyncTree(place);
            foreach (var output in outputs)
                Enter(output, OutputLedger.FactsOf(System.IO.Path.Combine(place, System.IO.Path.GetFileName(output))));
            foreach (var output in outputs)
            {
                var made = System.IO.Path.Combine(place, System.IO.Path.GetFileName(output));
                if (Directory.Exists(output))
                    _files.Layer.Rename(output, Leftovers.NameFor(made));
                _files.Layer.Rename(made, output);
                _outputs.Settle(output);
            }
            _files.Layer.SyncFolder(parent);
        });
    }

    /// <summary>
    /// Writes the card of a model that was published, whole or not at all. A <c>README.md</c> that somebody else wrote, or changed, stays.
    /// </summary>
    /// <param name="output">The model's folder, an output of this run.</param>
    /// <param name="text">The card (<see cref="SealedText.Seal"/> is applied here).</param>
    /// <returns>Whether the card is there; false where somebody's own file is.</returns>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public bool WriteCard(string output, string text)
    {
        var path = System.IO.Path.Combine(output, ModelCardFile.Name);
        if (ModelCardFile.IsForeign(path))
            return false;
        if (SealedText.Read(path) == text)
            return true;
        // Made elsewhere: a start that is killed leaves nothing in the folder that nobody vouches for.
        Beside(output, path, place =>
        {
            var made = System.IO.Path.Combine(place, ModelCardFile.Name);
            _files.WriteFile(made, stream => stream.Write(Encoding.UTF8.GetBytes(SealedText.Seal(text))));
            _files.Layer.Rename(made, path);
            _files.Layer.SyncFolder(output);
        });
        return true;
    }

    /// <summary>Works in a folder beside an output, which is on record before it is made, and gone once the work is done.</summary>
    /// <param name="output">The output that something is made for.</param>
    /// <param name="named">What an error of the disk names.</param>
    /// <param name="work">Makes it in the folder, and puts it into its place.</param>
    private void Beside(string output, string named, Action<string> work)
    {
        var place = Leftovers.NameFor(output);
        try
        {
            _outputs.Begin(place);
            SaveOutputs();
            using var held = _files.CreateHeld(place);
            work(place);
            _files.DeleteTree(place);
            _outputs.End(place);
            SaveOutputs();
        }
        catch (Exception error)
        {
            // What was somebody's own is put back; where even that fails, the next start does it.
            if (ModelCardFile.TryRescue(place, output, _files))
                _files.TryDelete(place);
            if (error is IOException or UnauthorizedAccessException)
                throw DurableOutput.Refused(named, error);
            throw;
        }
    }

    /// <summary>The full path of something in the run folder.</summary>
    public string PathOf(string name) => FileFact.PathOf(Path, name);

    /// <summary>
    /// Takes back what this start put into the folder, and the folder where this start made it, when wrong input let nothing be done in it.
    /// As soon as there is anything that a later start can go on from, all stays.
    /// </summary>
    public void Withdraw()
    {
        if (_lock.IsHeld(Path))
            _traces.Remove();
    }

    public void Dispose() => _lock.Dispose();

    private static void RequireStages(string folder)
    {
        var stages = System.IO.Path.Combine(folder, RunLayout.Stages);
        if (!Directory.Exists(stages) && (File.Exists(stages) || PathKind.Odd(stages) is not null))
            throw new EspalierException(
                $"{stages} {PathKind.Odd(stages) ?? "is a file"}, but the run keeps "
                    + "its stages there: move it away, or choose another run folder");
    }

    /// <summary>Vouches for an output that is about to get its name, in place of what is vouched for now.</summary>
    private void Enter(string output, IReadOnlyList<FileFact> files)
    {
        _outputs.Require(output);
        _outputs.Add(output, files);
        SaveOutputs();
    }

    private void SaveOutputs()
    {
        if (Manifest is { } manifest)
            Save(manifest);
    }

    private static RunLock Take(string path, DurableFiles files)
    {
        // A run that comes to nothing takes its folder away again, perhaps just between these two acts.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                files.EnsureFolder(path);
                return RunLock.Take(path);
            }
            catch (DirectoryNotFoundException) when (attempt < 100)
            {
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new EspalierException($"{path} cannot be the run folder: {error.Message}", error);
            }
        }
    }
}
