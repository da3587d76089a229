namespace Espalier.Models.Checkpoints;

/// <summary>
/// Which model this is, as scores name it: a hash of its config and its weights, whatever files the weights lie in, and nothing else in the
/// folder. It is made of what a command reads anyway: watch first, work, then ask. What the work has not read is read then, so that every
/// weight is read once; a model that this user's cache knows by its files is not read at all.
/// </summary>
internal sealed class ModelFingerprint
{
    private readonly Checkpoint _checkpoint;
    private readonly ModelCache _cache;
    private readonly KnownHash[]? _files;
    private readonly string? _known;

    private ModelFingerprint(Checkpoint checkpoint, ModelCache cache)
    {
        (_checkpoint, _cache, _files) = (checkpoint, cache, cache.FilesOf(checkpoint));
        _known = _files is null ? null : cache.Find(_files);
        if (_known is null)
            checkpoint.HashWhatIsRead();
    }

    /// <summary>From here on, what is read of a model is hashed on the way.</summary>
    /// <param name="checkpoint">The open model; it stays open until <see cref="Finish"/>.</param>
    public static ModelFingerprint Watch(Checkpoint checkpoint) => Watch(checkpoint, ModelCache.OfUser());

    internal static ModelFingerprint Watch(Checkpoint checkpoint, ModelCache cache) => new(checkpoint, cache);

    /// <summary>The fingerprint of a model that nobody reads meanwhile.</summary>
    /// <exception cref="EspalierException">A file cannot be read.</exception>
    public static string Of(Checkpoint checkpoint, CancellationToken stop = default) => Watch(checkpoint).Finish(stop);

    /// <summary>The fingerprint: 64 lower-case hexadecimal digits. Reads what was not read since.</summary>
    /// <exception cref="EspalierException">A file cannot be read.</exception>
    public string Finish(CancellationToken stop = default)
    {
        var weights = _known ?? _checkpoint.WeightsHash(stop);
        // A file that was written meanwhile is not the one that was hashed.
        if (_known is null && _files is not null && _cache.FilesOf(_checkpoint) is { } now && now.AsSpan().SequenceEqual(_files))
            _cache.Add(_files, weights);
        return ContentHash.OfText(
            $"model 1\nconfig {ContentHash.OfBytes(CanonicalJson.Bytes(_checkpoint.RawConfig))}\nweights {weights}\n");
    }
}
