namespace Espalier.Compression.Training.Saving;

/// <summary>
/// The checkpoints of a stage. <c>step-N.tmp/</c> is filled, flushed and renamed to <c>step-N/</c>; none is deleted before a newer one was
/// read back from the disk. Which is the latest is found by reading all of it, not by a pointer. Death at any moment leaves the old or the
/// new one.
/// </summary>
/// <param name="folder">Holds the <c>step-N</c> folders; created at the first save.</param>
/// <param name="keep">How many verified checkpoints stay beside the best, at least 1.</param>
internal sealed class CheckpointStore(string folder, int keep = 2)
{
    private readonly DurableFiles _files = DurableFiles.OnDisk;
    private readonly string _folder = Path.GetFullPath(folder);
    private readonly int _keep = keep >= 1 ? keep
        : throw new ArgumentOutOfRangeException(nameof(keep), keep, "At least one checkpoint stays.");
    private readonly HashSet<long> _verified = [];

    /// <summary>
    /// Called on the saving thread just before a checkpoint gets its name: what it relies on (the logs) must be on the disk by then.
    /// </summary>
    public Action? BeforePublish { get; set; }

    /// <summary>Called before a save, on any thread: throws where nothing may be saved.</summary>
    public Action? BeforeWrite { get; set; }

    /// <summary>
    /// States the logs as they are now, by their names beside the checkpoints' folder: a checkpoint vouches for what a resume will
    /// read in them. Called on the thread that asks for a save.
    /// </summary>
    public Func<IReadOnlyList<FileFact>>? Logs { get; set; }

    /// <summary>Full path of the folder that holds the checkpoints.</summary>
    public string Folder => _folder;

    /// <summary>
    /// The step whose checkpoint is the best so far and stays whatever its age, or null. Whoever opens the store says which it is (from
    /// the held-out losses in the metrics, so that it is the same after a resume); later a save marked as best takes its place.
    /// </summary>
    public long? BestStep { get; set; }

    /// <summary>
    /// Saves the state after <paramref name="step"/> steps: when this returns it is on the disk. Checkpoints older than the newest two go,
    /// the best excepted, once the newer of what stays beside this one was read back from the disk. A verified checkpoint of that step is
    /// left as it is, for a stage's state at a step is always the same.
    /// </summary>
    /// <param name="step">Steps done.</param>
    /// <param name="best">Whether it is the best so far: the former best may go once this one was read back.</param>
    /// <exception cref="EspalierException">Exit code 1: it could not be written; what was there before is intact.</exception>
    public SavedCheckpoint Save(long step, IReadOnlyList<CheckpointPart> parts, bool best = false) =>
        Save(step, parts, best, Logs?.Invoke());

    internal SavedCheckpoint Save(long step, IReadOnlyList<CheckpointPart> parts, bool best, IReadOnlyList<FileFact>? logs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (parts.FirstOrDefault(part => !FileFact.IsSafeName(part.Name) || part.Name.Contains('/')
            || part.Name == CheckpointManifest.FileName) is { } bad)
            throw new ArgumentException($"\"{bad.Name}\" cannot name a file of a checkpoint.", nameof(parts));
        if (parts.Select(part => part.Name).Distinct(StringComparer.Ordinal).Count() != parts.Count)
            throw new ArgumentException("Two files of a checkpoint have the same name.", nameof(parts));

        try
        {
            // One that goes with another log is of another training: of one before the log was damaged, or on another machine.
            var present = Directory.Exists(PathOf(step)) && TryVerify(step, out _) is { } there && LogProblem(there) is null ? there : null;
            var saved = present ?? Write(step, parts, logs);
            if (best)
                BestStep = step;
            if (present is null || best)
                DeleteOld(step, best);
            return saved;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException(
                $"{PathOf(step)} could not be saved: {error.Message}; "
                    + (LatestIntact() is { } intact ? $"step-{intact} is intact" : "there is no earlier checkpoint")
                    + "; check the disk (free some space?) and start again", error)
            { ExitCode = 1 };
        }
    }

    /// <summary>
    /// The newest checkpoint that is whole and whose logs are what it was saved with, or null; clears away what interrupted saves
    /// left. Another one is passed over and reported, and stays until the next save succeeds.
    /// </summary>
    /// <param name="report">Receives one sentence for each checkpoint that is passed over.</param>
    /// <exception cref="EspalierException">
    /// A checkpoint is of a newer format: refused, never guessed. Or there are whole ones, and none whose logs are what it was saved with.
    /// Or a link has the name of a later one, which somebody moved away.
    /// </exception>
    public SavedCheckpoint? OpenLatest(Action<string>? report = null)
    {
        _files.CleanLeftovers(_folder, below: false);
        string? changed = null;
        foreach (var step in Steps(withLinks: true))
        {
            if (new DirectoryInfo(PathOf(step)).LinkTarget is { } target)
                throw new EspalierException($"{PathOf(step)} is a symbolic link to {target}, but checkpoints are read only where they were "
                    + "saved: move that one back to go on after its step, or delete the link to go on without it");
            if (TryVerify(step, out var problem) is not { } checkpoint)
            {
                report?.Invoke($"{PathOf(step)} is damaged, so it is skipped: {problem}");
                continue;
            }
            // What is known to have been changed is not believed for an older checkpoint that says nothing of it.
            if (changed is null || checkpoint.Logs is not null)
            {
                if (LogProblem(checkpoint) is not { } logProblem)
                    return checkpoint;
                changed ??= logProblem;
                report?.Invoke($"{PathOf(step)} is skipped: {logProblem}");
            }
        }
        return changed is null ? null : throw new EspalierException(
            $"{changed}; the training depends on its contents, so no checkpoint can be used: restore the file, "
            + $"or delete {Path.GetDirectoryName(_folder)} to run that stage again");
    }

    /// <summary>The newest whole checkpoint of a step up to this one, or null.</summary>
    public SavedCheckpoint? LatestUpTo(long last) =>
        Steps().Where(step => step <= last).Select(step => TryVerify(step, out _)).FirstOrDefault(saved => saved is not null);

    /// <summary>
    /// The step of the newest checkpoint that was read back whole, or is now, or null. Asked after an error: what this runs into is none.
    /// </summary>
    public long? LatestIntact()
    {
        foreach (var step in Steps())
            try
            {
                if (IsReadBack(step))
                    return step;
            }
            catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException)
            {
                // Of a newer format, or the disk gives nothing of it.
            }
        return null;
    }

    /// <summary>
    /// The checkpoint of <see cref="BestStep"/>, every byte of it read; null where there is none or it is damaged, which is reported.
    /// </summary>
    /// <param name="report">Receives one sentence of a damaged one.</param>
    public SavedCheckpoint? OpenBest(Action<string>? report = null)
    {
        if (BestStep is not { } step)
            return null;
        var best = TryVerify(step, out var problem);
        if (best is not null && (problem = LogProblem(best)) is not null)
            best = null;
        if (best is null)
            report?.Invoke($"{PathOf(step)}, the best checkpoint, is damaged: {problem}");
        return best;
    }

    /// <summary>Deletes all checkpoints, when a finished stage needs them no more.</summary>
    public void DeleteAll()
    {
        _files.DeleteFolder(_folder);
        _verified.Clear();
        BestStep = null;
    }

    private SavedCheckpoint Write(long step, IReadOnlyList<CheckpointPart> parts, IReadOnlyList<FileFact>? logs)
    {
        var (temporary, final) = (PathOf(step) + ".tmp", PathOf(step));
        BeforeWrite?.Invoke();
        _files.EnsureFolder(_folder);
        try
        {
            if (Path.Exists(temporary))
                _files.DeleteTree(temporary);
            _files.Layer.CreateFolder(temporary);
            var facts = parts.Select(part => _files.WriteNew(Path.Combine(temporary, part.Name), part.Write)).ToArray();
            var stated = new CheckpointManifest(CheckpointManifest.KnownVersion, step, facts) { Logs = logs };
            var manifest = SealedJson.Bytes(stated, RecordJson.Of<CheckpointManifest>());
            _files.WriteNew(Path.Combine(temporary, CheckpointManifest.FileName), stream => stream.Write(manifest));
            _files.Layer.SyncFolder(temporary);
            if (facts.Select(fact => fact.Problem(temporary, hash: false)).FirstOrDefault(found => found is not null) is { } cut)
                throw new IOException($"after writing, {cut}");
            BeforePublish?.Invoke();

            // Whatever has the name now was found damaged.
            _files.DeleteFolder(final);
            _files.Layer.Rename(temporary, final);
            _files.Layer.SyncFolder(_folder);
            _verified.Remove(step);
            return new(step, final, facts) { Logs = logs };
        }
        catch
        {
            _files.TryDelete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Deletes what is neither the one just saved, nor the best, nor needed beside them. The one before is read back for that, a whole
    /// interval after it was written, so that a save takes no second pass over its own data; the one just saved only where nothing else
    /// that is whole would stay, or where it takes the place of the best.
    /// </summary>
    private void DeleteOld(long saved, bool best)
    {
        var older = Steps().Where(step => step != saved).ToArray();
        if (!older.Skip(_keep - 1).Any(step => step != BestStep))
            return;
        var kept = older.Where(IsReadBack).Take(_keep - 1).ToHashSet();
        if (best || kept.Count == 0)
            ReadBack(saved);
        foreach (var step in older.Where(step => !kept.Contains(step) && step != BestStep))
        {
            _verified.Remove(step);
            _files.DeleteFolder(PathOf(step));
        }
    }

    private bool IsReadBack(long step) => _verified.Contains(step) || TryVerify(step, out _, fromDisk: true) is not null;

    private void ReadBack(long step)
    {
        if (!_verified.Contains(step) && TryVerify(step, out var problem, fromDisk: true) is null)
            throw new IOException($"reading back what was written, {problem}");
    }

    private SavedCheckpoint? TryVerify(long step, out string? problem, bool fromDisk = false)
    {
        var path = PathOf(step);
        _verified.Remove(step);
        try
        {
            var manifest =
                SealedJson.Read(Path.Combine(path, CheckpointManifest.FileName), RecordJson.Of<CheckpointManifest>(),
                    CheckpointManifest.KnownVersion);
            problem = manifest.Step != step
                ? $"its manifest belongs to step {manifest.Step}"
                : manifest.Files.Select(file => file.Problem(path, hash: true, fromDisk)).FirstOrDefault(found => found is not null);
            if (problem is not null)
                return null;
            _verified.Add(step);
            return new SavedCheckpoint(step, path, manifest.Files) { Logs = manifest.Logs };
        }
        catch (DamagedFileException damage)
        {
            problem = damage.Message;
            return null;
        }
    }

    /// <summary>How a log is no longer what a checkpoint was saved with, naming the file; null where all are.</summary>
    private string? LogProblem(SavedCheckpoint checkpoint) =>
        checkpoint.Logs?.Select(log => FileBeginning.Problem(Path.GetDirectoryName(_folder)!, log))
            .FirstOrDefault(found => found is not null);

    /// <summary>The steps for which there is a folder, newest first.</summary>
    private long[] Steps(bool withLinks = false) => !Directory.Exists(_folder)
        ? []
        : [.. new DirectoryInfo(_folder).EnumerateFileSystemInfos("step-*")
            .Where(entry => withLinks && entry.LinkTarget is not null || entry is DirectoryInfo { LinkTarget: null })
            .Select(entry => long.TryParse(entry.Name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
                && entry.Name == $"step-{step}" ? step : -1)
            .Where(step => step >= 0)
            .OrderDescending()];

    private string PathOf(long step) => Path.Combine(_folder, $"step-{step}");
}
