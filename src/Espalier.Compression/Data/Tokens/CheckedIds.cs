using Microsoft.Win32.SafeHandles;

namespace Espalier.Compression.Data.Tokens;

/// <summary>A file whose ids were all looked at.</summary>
/// <param name="File">Which file, by path, inode, size and time of change.</param>
/// <param name="Width">Bytes of an id, as it was read.</param>
/// <param name="Below">Every id is 0 or more and below it.</param>
internal sealed record KnownIds(KnownHash File, TokenWidth Width, int Below);

/// <summary>
/// Remembers which large files of ids were checked from front to back, so that billions of ids are not read again each time a run goes on.
/// A file counts as the one that was checked as in <see cref="HashCache"/>, and the file that is open is asked. Without a cache, or where
/// it cannot be read or written, every id is checked.
/// </summary>
/// <param name="path">The cache's own file.</param>
/// <param name="time">The clock; a file that changed within the last seconds is not remembered.</param>
/// <param name="least">Bytes from which on a file is worth it.</param>
internal sealed class CheckedIds(string path, TimeProvider time, long least = CheckedIds.Large)
{
    /// <summary>Files from so many bytes on are remembered; smaller ones are read in some milliseconds.</summary>
    public const long Large = 16 << 20;

    private const int Most = 1000;

    private readonly CacheFile<KnownIds> _file = new(path, RecordJson.Of<KnownIds[]>());

    /// <summary>That of this user: <c>espalier/ids.json</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static CheckedIds OfUser() => new(CacheFile.OfUser("ids.json"), TimeProvider.System);

    /// <summary>
    /// Makes sure that every id of a file is 0 or more and below a number, by memory or by the check, which throws where one is not.
    /// </summary>
    /// <param name="name">The file's path.</param>
    /// <param name="file">The file, open.</param>
    /// <param name="width">Bytes of an id.</param>
    /// <param name="below">What ids must be below.</param>
    /// <param name="check">Looks at every id.</param>
    public void Ensure(string name, SafeFileHandle file, TokenWidth width, int below, Action check)
    {
        name = Path.GetFullPath(name);
        if (KnownHash.Of(name, LibC.Identity(file)) is not { } before || before.Bytes < least)
        {
            check();
            return;
        }
        if (_file.Read().Any(known => known.File == before && known.Width == width && known.Below <= below))
            return;
        check();
        if (before == KnownHash.Of(name, LibC.Identity(file)) && before.IsSettled(time.GetUtcNow()))
            _file.Write(
                [new(before, width, below),
                    .. _file.Read().Where(known => known.File?.Path != name || (known.File == before && known.Width != width))
                        .Take(Most - 1)]);
    }
}
