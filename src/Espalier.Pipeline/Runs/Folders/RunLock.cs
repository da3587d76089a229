namespace Espalier.Pipeline.Runs.Folders;

/// <summary>
/// One run at a time in a folder. The lock is the system's (flock on the open file), so it ends with the process however that ends;
/// the file's text only tells others whom to look for, and the file stays, for deleting it would let two in.
/// </summary>
internal sealed class RunLock : IDisposable
{
    public const string FileName = "run.lock";

    // What .NET puts into HResult when the lock is taken: errno EWOULDBLOCK on Linux, a Windows code there.
    private const int WouldBlock = 11, SharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    /// <exception cref="EspalierException">Another process, or this one, has it, or a file of that name is not one of ours.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder is not there, or no longer.</exception>
    public static RunLock Take(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (PathKind.Odd(path) is { } odd)
            throw new EspalierException($"{path} {odd}, not the lock of a run; delete it or move it away");
        FileStream? file;
        do file = TryOpen(path)
            ?? throw new EspalierException($"{folder} is in use by {Owner(path)}; wait for it, stop it, or choose another run folder");
        while (!IsStillThere(file, path));
        try
        {
            RequireOurs(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        try
        {
            var text =
                JsonSerializer.SerializeToUtf8Bytes(
                    new RunOwner(Environment.ProcessId, Environment.MachineName, TimeProvider.System.GetUtcNow()),
                    RecordJson.Of<RunOwner>());
            file.SetLength(0);
            file.Write(text);
        }
        catch (IOException)
        {
            // A full disk: the lock holds all the same, only our name is missing.
        }
        return new RunLock(file);
    }

    /// <summary>Whether the run folder's lock still is the file that is locked.</summary>
    public bool IsHeld(string folder) => LibC.IsStillThere(_file.SafeFileHandle, Path.Combine(folder, FileName));

    public void Dispose()
    {
        // An empty file: nobody is here.
        _file.SetLength(0);
        _file.Dispose();
    }

    /// <summary>The locked file, or null when somebody else has it locked.</summary>
    private static FileStream? TryOpen(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (error.HResult is WouldBlock or SharingViolation)
        {
            return null;
        }
        catch (Exception error) when (error is (IOException and not DirectoryNotFoundException) or UnauthorizedAccessException)
        {
            throw new EspalierException($"{path} cannot be written: {error.Message}; choose another run folder", error);
        }
        // .NET's own lock can be switched off by an environment variable; this one cannot.
        if (!OperatingSystem.IsLinux() || LibC.TryLock(file.SafeFileHandle))
            return file;
        file.Dispose();
        return null;
    }

    /// <summary>
    /// Whether the file that is locked is the one of that name. A run that came to nothing deletes its lock with its folder: whoever opened
    /// the file before that gets the lock on a file that nobody else will ever find.
    /// </summary>
    private static bool IsStillThere(FileStream file, string path)
    {
        if (LibC.IsStillThere(file.SafeFileHandle, path))
            return true;
        file.Dispose();
        return false;
    }

    /// <summary>
    /// Somebody else's file of that name is not written over. Ours is empty or names its owner; a power loss may leave zeros.
    /// </summary>
    private static void RequireOurs(FileStream file, string path)
    {
        var bytes = new byte[4096];
        var text = bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        if (file.Length > bytes.Length || text.TrimEnd((byte)0).Length > 0 && !(text[0] == '{' && text.IndexOf("\"pid\""u8) > 0))
            throw new EspalierException($"{path} is a file that this program did not write; move it away, or choose another run folder");
        file.Position = 0;
    }

    /// <summary>Who has written its name into the lock of a run folder; null where nobody has. Takes no lock.</summary>
    public static RunOwner? OwnerOf(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) && PathKind.Odd(path) is null ? TryRead(path) : null;
    }

    private static string Owner(string path)
    {
        // The winner may not have written its name yet; the loser has a second.
        for (var attempt = 0; attempt < 8; attempt++)
        {
            if (TryRead(path) is { } owner)
                return $"process {owner.Pid} on {owner.Host}, started {owner.Started:u}";
            Thread.Sleep(50);
        }
        return "another process";
    }

    private static RunOwner? TryRead(string path)
    {
        try
        {
            // FileStream would take a shared lock, which the owner's exclusive one forbids.
            using var stream = OperatingSystem.IsLinux()
                ? new FileStream(LibC.OpenRead(path), FileAccess.Read)
                : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[4096];
            var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return JsonSerializer.Deserialize(bytes.AsSpan(0, count), RecordJson.Of<RunOwner>());
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
