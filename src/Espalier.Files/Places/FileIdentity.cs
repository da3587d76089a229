namespace Espalier.Files;

/// <summary>Which file or folder this is, whatever it is called, and whether it is still as it was.</summary>
/// <param name="Device">Number of the file system.</param>
/// <param name="Inode">Number of the file on its file system.</param>
/// <param name="IsRegular">Whether it is a file with content, and no folder, pipe or device.</param>
/// <param name="Changed">When content or attributes last changed, in nanoseconds (ctime, which no program can set).</param>
internal sealed record FileIdentity(ulong Device, ulong Inode, long Bytes, bool IsRegular, long Changed)
{
    /// <summary>Whether both are names of one file or folder: equal paths, links, hard links, or a bind mount.</summary>
    public bool IsSame(FileIdentity other) => Device == other.Device && Inode == other.Inode;
}
