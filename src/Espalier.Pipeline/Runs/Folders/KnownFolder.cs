namespace Espalier.Pipeline.Runs.Folders;

/// <summary>A folder's hash without reading again what this user's cache knows.</summary>
internal static class KnownFolder
{
    /// <summary>
    /// <see cref="ContentHash.OfFolder(string)"/>, to know a folder again that old scores name: large files that the cache knows by path,
    /// inode, size and time of change are not read again.
    /// </summary>
    public static string Hash(string folder) => ContentHash.OfFolder(folder, HashCache.OfUser().OfFile);
}
