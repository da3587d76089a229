using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Files;

/// <summary>Pages that the system had to map for this process since it began, all threads together.</summary>
internal static class PageFaults
{
    // The name of the program, which may hold anything, ends with the last bracket; then come a letter, six numbers, and the count.
    private const int FieldsBefore = 7;

    private static readonly SafeFileHandle? s_stat = Open();

    /// <summary>The number; 0 where the system does not say. Allocates nothing.</summary>
    public static long OfThisProcess()
    {
        if (s_stat is null)
            return 0;
        Span<byte> text = stackalloc byte[1024];
        return Parse(text[..RandomAccess.Read(s_stat, text, 0)]);
    }

    /// <summary>The tenth field of <c>/proc/PID/stat</c>.</summary>
    internal static long Parse(ReadOnlySpan<byte> stat)
    {
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..].TrimStart((byte)' ');
        for (var i = 0; i < FieldsBefore; i++)
            rest = rest[(rest.IndexOf((byte)' ') + 1)..];
        return Utf8Parser.TryParse(rest, out long count, out _) ? count : 0;
    }

    private static SafeFileHandle? Open()
    {
        try
        {
            return File.OpenHandle("/proc/self/stat");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
