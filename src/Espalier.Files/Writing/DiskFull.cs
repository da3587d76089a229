using System.Text.RegularExpressions;

namespace Espalier.Files;

/// <summary>Tells a full disk from other errors of the disk.</summary>
internal static partial class DiskFull
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

    /// <summary>The same without the path that the system names: for a sentence that says what was to be written.</summary>
    public static string Cause(Exception error)
    {
        var words = PathAfter().Replace(error.Message, "");
        words = Denied().Replace(words, "access is denied");
        return Is(error) ? $"the disk is full ({words})" : words;
    }

    [GeneratedRegex(@"\s*: '[^']*'\.?\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathAfter();

    [GeneratedRegex(@"\AAccess to the path( '[^']*')? is denied\.?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Denied();
}
