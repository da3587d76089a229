using Espalier.Files;

namespace Espalier.Compression.Data;

/// <summary>
/// Whether the tokens of a text that is being read will fit on the disk: how many bytes of tokens a byte of its files makes is known once
/// some of it is read, so that a corpus larger than the disk is refused after a minute and not when the disk is full.
/// </summary>
/// <param name="folder">Where the tokens go.</param>
/// <param name="source">The text, for the error.</param>
/// <param name="most">Bytes of tokens after which reading ends; null reads all.</param>
internal sealed class CorpusRoom(string folder, string source, long? most)
{
    /// <summary>Bytes of files after which it looks for the first time; then each time that twice as many are read.</summary>
    public const long First = 64 << 20;

    private long _next = First;

    /// <summary>Looks, now and then.</summary>
    /// <param name="read">Bytes of files that were read, maybe ahead of what is written.</param>
    /// <param name="total">Bytes of all files.</param>
    /// <param name="written">Bytes of tokens.</param>
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
        return all - written <= free ? null
            : $"{source}: {Units.Bytes(read)} of {Units.Bytes(total)} made {Units.Bytes(written)} of tokens, so all of it would make about "
                + $"{Units.Bytes(all)}, and {folder} has room for {Units.Bytes(written + free)}: give the source a budget "
                + $"(data.train: [ {{ path: ..., tokens: ... }} ]), or make room";
    }
}
