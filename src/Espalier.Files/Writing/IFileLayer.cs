namespace Espalier.Files;

/// <summary>
/// Every act of this program that changes the disk, one method each, so that a test can make the n-th one fail, or die before it,
/// or record their order. Reading changes nothing and stays outside, and so does the lock of a run folder, which is the system's. Errors
/// are
/// <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.
/// </summary>
internal interface IFileLayer
{
    /// <summary>Creates one folder whose parent exists; nothing happens when it is there already.</summary>
    void CreateFolder(string path);

    /// <summary>
    /// Creates a folder for this user alone in the system's place for temporary files, of a name that nobody has: the prefix and six
    /// characters.
    /// </summary>
    string CreateScratchFolder(string prefix);

    /// <summary>Creates a new file for writing, without a buffer; fails when the name is taken, by a symbolic link too.</summary>
    Stream CreateFile(string path);

    /// <summary>Opens a file for reading and writing without a buffer, creates it if it is missing; symbolic links are refused.</summary>
    Stream OpenLog(string path);

    /// <summary>Makes what was written to a stream of this layer survive a power loss (fsync).</summary>
    void Sync(Stream stream);

    /// <summary>The same for a file that somebody else wrote and closed.</summary>
    void SyncFile(string path);

    /// <summary>Makes the names in a folder (created, renamed, deleted) survive a power loss.</summary>
    void SyncFolder(string path);

    /// <summary>Renames a file (replacing another one at once) or a folder (whose new name must be free).</summary>
    void Rename(string from, string to);

    /// <summary>Renames a file to a name that must be free.</summary>
    void RenameNew(string from, string to);

    /// <summary>Deletes a file, or a symbolic link itself.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes an empty folder.</summary>
    void DeleteFolder(string path);
}
