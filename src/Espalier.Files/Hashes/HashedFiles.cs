namespace Espalier.Files;

/// <summary>
/// Files that are somebody else's, what they hashed to, and how each was just before: tells later whether they are still what was hashed.
/// What only looks different (a new link to it, another right) is hashed again, and is the same.
/// </summary>
internal sealed class HashedFiles
{
    private readonly Func<IEnumerable<string>> _files;
    private readonly Func<string> _hash;
    private Dictionary<string, FileIdentity?> _seen;

    /// <summary>Looks at the files and hashes them.</summary>
    /// <param name="files">Which they are, at any time.</param>
    /// <param name="hash">What their contents hash to.</param>
    public HashedFiles(Func<IEnumerable<string>> files, Func<string> hash)
    {
        (_files, _hash, _seen) = (files, hash, Look(files()));
        Hash = hash();
    }

    /// <summary>What the contents hashed to.</summary>
    public string Hash { get; }

    /// <summary>All that is in a folder (<see cref="ContentHash.OfFolder(string)"/>).</summary>
    public static HashedFiles OfFolder(string folder) =>
        new(() => OutputGuard.Below(folder, links: false).Concat(OutputGuard.Below(folder, links: true)),
            () => ContentHash.OfFolder(folder));

    /// <summary>A single file.</summary>
    public static HashedFiles OfFile(string file) => new(() => [file], () => ContentHash.OfFile(file));

    /// <summary>A file that is no longer what was hashed, came or went; null where all is as it was.</summary>
    public string? Changed()
    {
        try
        {
            var now = Look(_files());
            var other = now.Keys.Concat(_seen.Keys)
                .FirstOrDefault(file => !now.TryGetValue(file, out var it) || !_seen.TryGetValue(file, out var before) || it != before);
            if (other is not null && _hash() != Hash)
                return other;
            _seen = now;
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return _seen.Keys.FirstOrDefault(file => !File.Exists(file)) ?? _seen.Keys.First();
        }
    }

    private static Dictionary<string, FileIdentity?> Look(IEnumerable<string> files) =>
        files.Distinct().ToDictionary(file => file, LibC.Identity);
}
