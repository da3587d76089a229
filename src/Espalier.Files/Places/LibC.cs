using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>
/// The calls that .NET has no door to: opening a folder (for fsync), opening a file without .NET's own shared lock,
/// flock, and statx. Paths go as bytes, so that nothing is marshalled and no unsafe code is generated.
/// </summary>
internal static class LibC
{
    private const int CloseOnExec = 0x80000;
    private const int LockShared = 1, LockExclusive = 2, LockNonBlocking = 4;
    private const int InterruptedCall = 4;
    private const int BasicFields = 0x7ff, FactBytes = 256;

    /// <summary>Opens a file or folder for reading; Linux only.</summary>
    public static SafeFileHandle OpenRead(string path)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        int descriptor;
        do descriptor = open(name, CloseOnExec);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == InterruptedCall);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Error("cannot be opened", path);
    }

    /// <summary>Flushes a folder's entries to the disk; Linux only.</summary>
    public static void SyncFolder(string path)
    {
        using var folder = OpenRead(path);
        int status;
        do status = fsync(folder);
        while (status < 0 && Marshal.GetLastPInvokeError() == InterruptedCall);
        if (status < 0)
            throw Error("cannot be flushed to the disk", path);
    }

    /// <summary>
    /// Has the system drop from memory what it holds of a file that is on the disk, so that reading it again reads the disk. A hint.
    /// </summary>
    public static void DropFromMemory(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var file = OpenRead(path);
        DropFromMemory(file);
    }

    /// <summary>The same for a file that is open.</summary>
    public static void DropFromMemory(SafeFileHandle file)
    {
        const int notNeeded = 4;
        if (OperatingSystem.IsLinux())
            _ = posix_fadvise(file, 0, 0, notNeeded);
    }

    /// <summary>Takes an exclusive lock without waiting; false when somebody else has it.</summary>
    public static bool TryLock(SafeFileHandle file) => flock(file, LockExclusive | LockNonBlocking) == 0;

    /// <summary>
    /// Opens a folder and takes a shared lock, which ends with the process however that ends; null where the system has none.
    /// </summary>
    public static SafeFileHandle? HoldShared(string folder)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var handle = OpenRead(folder);
        Hold(handle);
        return handle;
    }

    /// <summary>The same for what is open already. Waits while somebody looks whether it is held (<see cref="Claim"/>).</summary>
    public static void Hold(SafeFileHandle file)
    {
        int status;
        do status = flock(file, LockShared);
        while (status < 0 && Marshal.GetLastPInvokeError() == InterruptedCall);
    }

    /// <summary>
    /// Takes a file or folder that no living process holds: until this is disposed nobody else gets a hold of it. Null where somebody
    /// has one, and where the system does not say.
    /// </summary>
    public static SafeFileHandle? Claim(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        try
        {
            var handle = OpenRead(path);
            if (TryLock(handle))
                return handle;
            handle.Dispose();
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether a path still names what is open; true where the system does not say.</summary>
    public static bool IsStillThere(SafeFileHandle file, string path) =>
        Identity(file) is not { } open || Identity(path)?.IsSame(open) == true;

    /// <summary>Which file this is, without a hash; null where the system does not say, and on other systems than Linux.</summary>
    public static FileIdentity? Identity(string path)
    {
        const int currentFolder = -100;
        var facts = new byte[FactBytes];
        return OperatingSystem.IsLinux() && statx(currentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, BasicFields, facts) == 0
            ? Identity(facts) : null;
    }

    /// <summary>Which file is open, by whatever name it can be found now.</summary>
    public static FileIdentity? Identity(SafeFileHandle file)
    {
        const int theFileItself = 0x1000;
        var facts = new byte[FactBytes];
        return OperatingSystem.IsLinux() && statx(file, "\0"u8.ToArray(), theFileItself, BasicFields, facts) == 0 ? Identity(facts) : null;
    }

    private static FileIdentity Identity(byte[] facts)
    {
        // The layout of struct statx is the same on every processor.
        const int mode = 28, inode = 32, size = 40, changedSeconds = 96, changedNanoseconds = 104, deviceMajor = 136, deviceMinor = 140;
        var changed = BitConverter.ToInt64(facts, changedSeconds) * 1_000_000_000 + BitConverter.ToUInt32(facts, changedNanoseconds);
        var device = ((ulong)BitConverter.ToUInt32(facts, deviceMajor) << 32) | BitConverter.ToUInt32(facts, deviceMinor);
        var isRegular = (BitConverter.ToUInt16(facts, mode) & 0xf000) == 0x8000;
        return new(device, BitConverter.ToUInt64(facts, inode), BitConverter.ToInt64(facts, size), isRegular, changed);
    }

    private static IOException Error(string what, string path) => new($"{path} {what}: {Marshal.GetLastPInvokeErrorMessage()}");

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int open(byte[] path, int flags);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fsync(SafeFileHandle file);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int flock(SafeFileHandle file, int operation);

    [DllImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int posix_fadvise(SafeFileHandle file, long first, long bytes, int advice);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(int folder, byte[] path, int flags, uint mask, byte[] facts);

    [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int statx(SafeFileHandle file, byte[] path, int flags, uint mask, byte[] facts);
}
