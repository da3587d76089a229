using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Code that ran only while a library was loaded. libtorch registers some thousands of operators then and goes through most of its code;
/// those pages would stay mapped to the process, 30 MiB of them, though they are not run again.
/// </summary>
internal static partial class LoadedCode
{
    private const int DontNeed = 4;

    /// <summary>
    /// Unmaps the code pages of a library; each is mapped again, from memory where the file still is, when it is run the next time. They
    /// are pages that nobody can write, so that nothing is lost.
    /// </summary>
    public static void Forget(string library)
    {
        foreach (var (start, length) in CodeOf(library))
            _ = madvise(start, length, DontNeed);
    }

    // By name alone: the kernel tells where a link leads, such as libtorch_cpu.so.2.14.
    private static List<(nint Start, nint Length)> CodeOf(string library)
    {
        var name = "/" + Path.GetFileName(library);
        var found = new List<(nint, nint)>();
        try
        {
            foreach (var line in File.ReadLines("/proc/self/maps"))
                if (line.Contains(name, StringComparison.Ordinal) && line.Split(' ', 3) is [var range, "r-xp", _]
                    && range.Split('-') is [var first, var last])
                    found.Add((Address(first), Address(last) - Address(first)));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Without /proc they stay mapped.
        }
        return found;
    }

    private static nint Address(string hexadecimal) =>
        nint.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nint length, int advice);
}
