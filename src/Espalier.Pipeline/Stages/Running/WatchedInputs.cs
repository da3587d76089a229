namespace Espalier.Pipeline.Stages.Running;

/// <summary>Files that a user named and a run reads: what is made of them counts only while they are what was hashed.</summary>
internal sealed class WatchedInputs
{
    private readonly List<HashedFiles> _files = [];

    /// <summary>Watches these files, too.</summary>
    public void Add(HashedFiles files)
    {
        if (!_files.Contains(files))
            _files.Add(files);
    }

    /// <summary>Refuses to keep what a stage makes of files that have changed.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <param name="inputs">Hashes of what it reads.</param>
    /// <exception cref="EspalierException">Some have; one is named.</exception>
    public void RequireUnchanged(string stage, IReadOnlyDictionary<string, string> inputs)
    {
        foreach (var files in _files.Where(files => inputs.Values.Contains(files.Hash)))
            if (files.Changed() is { } path)
                throw new EspalierException($"{path}: was changed since this run read it, so what {stage} makes of it is not kept; "
                    + "put it back as it was to go on, or start again to do anew what depends on it");
    }
}
