namespace Espalier.Models.Checkpoints;

/// <summary>The hash of a model's weights, and of which files.</summary>
/// <param name="Files">The files of the weights, as the system tells them apart.</param>
/// <param name="Weights"><see cref="Checkpoint.WeightsHash"/>.</param>
internal sealed record KnownModel(KnownHash[] Files, string Weights)
{
    /// <summary>Whether these are its files.</summary>
    public bool Is(KnownHash[] files) => Files is not null && Files.AsSpan().SequenceEqual(files);

    /// <summary>Whether it lies where these do.</summary>
    public bool IsAt(KnownHash[] files) =>
        Files is not null && Files.Any(file => file is not null && files.Any(other => other.Path == file.Path));
}

/// <summary>
/// Remembers the hashes of models' weights between commands, as <see cref="HashCache"/> does those of files: by path, inode, size and time
/// of change of every file. The files are asked that are open, not those that have their names now.
/// </summary>
/// <param name="path">The cache's own file.</param>
/// <param name="time">The clock; a model with a file that changed within the last seconds is not remembered.</param>
/// <param name="least">Bytes from which on a model is worth it.</param>
internal sealed class ModelCache(string path, TimeProvider time, long least = HashCache.Large)
{
    private const int Most = 200;

    private readonly CacheFile<KnownModel> _file = new(path, RecordJson.Of<KnownModel[]>());

    /// <summary>That of this user: <c>espalier/models.json</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static ModelCache OfUser() => new(CacheFile.OfUser("models.json"), TimeProvider.System);

    /// <summary>
    /// Which files a checkpoint has open; null where they are not worth remembering, have just changed, or the system does not say.
    /// </summary>
    public KnownHash[]? FilesOf(Checkpoint checkpoint)
    {
        var now = time.GetUtcNow();
        KnownHash[] files = [.. checkpoint.Files.Select(file => KnownHash.Of(Path.GetFullPath(file.Path), LibC.Identity(file.Handle)))
            .OfType<KnownHash>()];
        return files.Length == checkpoint.Files.Count && files.Sum(file => file.Bytes) >= least && files.All(file => file.IsSettled(now))
            ? files : null;
    }

    /// <summary>The hash of the weights in these files, or null.</summary>
    public string? Find(KnownHash[] files) => _file.Read().FirstOrDefault(model => model.Is(files))?.Weights;

    /// <summary>Remembers a hash, in place of that of a model that lay there before.</summary>
    public void Add(KnownHash[] files, string weights) =>
        _file.Write([new(files, weights), .. _file.Read().Where(model => !model.IsAt(files)).Take(Most - 1)]);
}
