using System.Text.Json.Nodes;
using Espalier.Models.Files;

namespace Espalier.Compression.Runs;

/// <summary>
/// A run on the disk: <c>run.json</c>, <c>recipe.yaml</c>, <c>report.html</c>, and <c>stages/NAME-HASH</c>. Held by one process at a time.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private readonly RunLock _lock;
    private readonly DurableFiles _files;
    private readonly Action<string> _report;
    private readonly RunTraces _traces;

    private RunFolder(string path, RunLock runLock, DurableFiles files, Action<string> report, RunManifest? manifest, RunTraces traces) =>
        (Path, _lock, _files, _report, Manifest, _traces) = (path, runLock, files, report, manifest, traces);

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary><c>run.json</c> as it is on the disk; null before the first <see cref="Save"/>.</summary>
    public RunManifest? Manifest { get; private set; }

    /// <summary>Durable writing for files of this run.</summary>
    public DurableFiles Files => _files;

    /// <summary>Takes the folder (creating it where it is missing) and clears away what interrupted writes left.</summary>
    /// <param name="path">The run folder.</param>
    /// <param name="report">Hears sentences that the user should see: damage found, stages done again.</param>
    /// <param name="files">Where to write; the disk by default.</param>
    /// <exception cref="EspalierException">
    /// Somebody else holds it (named, within a second), it cannot be written, or its manifest is damaged or of a newer format.
    /// </exception>
    public static RunFolder Open(string path, Action<string>? report = null, DurableFiles? files = null)
    {
        path = System.IO.Path.GetFullPath(path);
        files ??= DurableFiles.OnDisk;
        var isNew = !Directory.Exists(path);
        var isLockNew = !File.Exists(System.IO.Path.Combine(path, RunLock.FileName));
        var runLock = Take(path, files);
        try
        {
            var traces = RunTraces.Before(path, isNew, isLockNew, files);
            // Before anything is touched: a newer program's folder is not ours to tidy.
            var manifest = RunManifest.Load(path);
            files.CleanLeftovers(path, below: false);
            files.CleanLeftovers(System.IO.Path.Combine(path, "stages"), below: true);
            return new RunFolder(path, runLock, files, report ?? (_ => { }), manifest, traces);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            runLock.Dispose();
            throw new EspalierException($"{path}: what an interrupted run left cannot be cleared away: {error.Message}; mend the disk or choose another run folder", error) { ExitCode = 1 };
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
    public StageFolder Stage(StageKey key) => new(System.IO.Path.Combine(Path, "stages"), key, _files, _report);

    /// <summary>Writes <c>run.json</c>, whole or not at all.</summary>
    public void Save(RunManifest manifest)
    {
        manifest.Save(Path, _files);
        Manifest = manifest;
    }

    /// <summary>Writes a file at the top of the run folder (<c>recipe.yaml</c>, <c>report.html</c>), whole or not at all.</summary>
    public void WriteFile(string name, Action<Stream> write) => _files.WriteFile(PathOf(name), write);

    /// <summary>The full path of something in the run folder.</summary>
    public string PathOf(string name) => FileFact.IsSafeName(name)
        ? System.IO.Path.Combine(Path, name)
        : throw new ArgumentException($"\"{name}\" leaves the folder.", nameof(name));

    /// <summary>
    /// Takes back what this start put into the folder, and the folder where this start made it, when wrong input let nothing be done in it. As soon as
    /// there is anything that a later start can go on from, all stays.
    /// </summary>
    public void Withdraw() => _traces.Remove();

    /// <summary>Lets go of the folder.</summary>
    public void Dispose() => _lock.Dispose();

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
