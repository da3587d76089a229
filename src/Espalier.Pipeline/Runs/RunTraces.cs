using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Runs;

/// <summary>
/// What one start put into a run folder, for the case that wrong input lets nothing be done: then exactly that goes again. Used under the
/// folder's lock alone.
/// </summary>
internal sealed class RunTraces
{
    /// <summary>What a start writes before its first stage. Anything else that is new is work, or somebody else's.</summary>
    private static readonly string[] s_records = [RunManifest.FileName, "recipe.yaml", RunLock.FileName];

    private readonly string _folder;
    private readonly bool _isFolderNew;
    private readonly HashSet<string> _before;
    private readonly DurableFiles _files;

    private RunTraces(string folder, bool isFolderNew, HashSet<string> before, DurableFiles files) =>
        (_folder, _isFolderNew, _before, _files) = (folder, isFolderNew, before, files);

    /// <summary>Notes what is there before this start writes anything but its lock.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="isFolderNew">Whether this start made it.</param>
    /// <param name="isLockNew">Whether this start made its lock.</param>
    /// <param name="files">Deletes.</param>
    public static RunTraces Before(string folder, bool isFolderNew, bool isLockNew, DurableFiles files)
    {
        HashSet<string> before = [.. Names(folder)];
        if (isLockNew)
            before.Remove(RunLock.FileName);
        return new(folder, isFolderNew, before, files);
    }

    /// <summary>Deletes what is new, unless something was done that a later start can go on from.</summary>
    public void Remove()
    {
        try
        {
            string[] made = [.. Names(_folder).Except(_before)];
            if (made.Any(name =>
                !s_records.Contains(name) && !(name == RunLayout.Stages && IsEmpty(Path.Combine(_folder, RunLayout.Stages)))))
                return;
            // The lock's file last: until then nobody else can be in here.
            foreach (var name in made.OrderBy(name => name == RunLock.FileName))
                _files.DeleteTree(Path.Combine(_folder, name));
            if (_isFolderNew && !Names(_folder).Any())
                _files.Layer.DeleteFolder(_folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The user must hear why the run ended; what stays here is harmless.
        }
    }

    /// <summary>Whether nothing was done in any stage: folders and empty logs alone.</summary>
    private static bool IsEmpty(string stages) =>
        new DirectoryInfo(stages) is { LinkTarget: null } folder
        && folder.EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        .All(entry => entry is DirectoryInfo { LinkTarget: null } or FileInfo { LinkTarget: null, Length: 0 });

    private static IEnumerable<string> Names(string folder) =>
        new DirectoryInfo(folder).EnumerateFileSystemInfos().Select(entry => entry.Name);
}
