namespace Espalier.Files;

/// <summary>Tells a full disk from other errors of the disk.</summary>
internal static class DiskFull
{
    private const int NoSpace = 28, QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070), WindowsHandleDiskFull = unchecked((int)0x80070027);

    /// <summary>Whether this error, or what it wraps, is that of a full disk or a quota that is used up.</summary>
    public static bool Is(Exception? error) =>
        error is IOException { HResult: NoSpace or QuotaExceeded or WindowsDiskFull or WindowsHandleDiskFull }
        || (error is IOException && error.Message.StartsWith("No space left on device", StringComparison.Ordinal))
        || (error?.InnerException is { } inner && Is(inner));

    /// <summary>The system's words, after plain ones where the disk is full.</summary>
    public static string Reason(Exception error) => Is(error) ? $"the disk is full ({error.Message})" : error.Message;
}
