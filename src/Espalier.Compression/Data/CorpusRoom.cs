namespace Espalier.Compression.Data;

/// <summary>
/// Whether the tokens of a text that is being read will fit on the disk: how many bytes of tokens a byte of its files makes is known once
/// some of it is read, so that a corpus larger than the disk is refused after a minute and not when the disk is full.
/// </summary>
/// <param name="folder">Where the tokens go.</param>
/// <param name="source">The text, for the error.</param>
/// <param name="most">Bytes of training tokens that lie there at most; null for as many as there are.</param>
/// <param name="streams">Whether that is the disk's share, and not a budget after which reading ends.</param>
internal sealed class CorpusRoom(string folder, string source, long? most, bool streams = false)
{
    /// <summary>Bytes of files after which it looks for the first time; then each time that twice as many are read.</summary>
    public const long First = 64 << 20;

    private long _next = First;

    /// <summary>Looks, now and then.</summary>
    /// <param name="read">Bytes of files that were read, maybe ahead of what is written.</param>
    /// <param name="total">Bytes of all files.</param>
    /// <param name="written">Bytes of tokens that it made.</param>
    /// <exception cref="EspalierException">They will not fit.</exception>
    public void Look(long read, long total, long written)
    {
        if (read < _next)
            return;
        _next = 2 * read;
        if (DiskSpace.Free(folder) is { } free && Problem(read, total, written, free) is { } problem)
            throw new EspalierException(problem);
    }

    /// <summary>Why it will not fit, with the arithmetic; null where it will.</summary>
    internal string? Problem(long read, long total, long written, long free)
    {
        var all = (long)Math.Min(written * ((double)Math.Max(read, total) / read), most ?? double.PositiveInfinity);
        return all - Math.Min(written, most ?? written) <= free ? null
            : streams ? $"data.disk: {Units.Bytes(all)} of tokens may be in {folder} at once, which has room for "
                + $"{Units.Bytes(Math.Min(written, all) + free)}: set less, or free some space"
            : $"{source}: {Units.Bytes(read)} of {Units.Bytes(total)} made {Units.Bytes(written)} of tokens, so all of it would need about "
                + $"{Units.Bytes(all)}, but {folder} has room for {Units.Bytes(written + free)}: keep only a part there "
                + $"at once (data.disk: {Share(written + free)}), give the source a budget (data.train: [ {{ path: ..., tokens: ... }} ]), "
                + "or make room";
    }

    /// <summary>Half of what there is, in words that a recipe takes.</summary>
    private static string Share(long room) => room / 2 is var half && half >= 1_000_000_000 ? $"{half / 1_000_000_000}GB"
        : $"{Math.Max(1, half / 1_000_000)}MB";
}
