namespace Espalier.Torch.Native;

/// <summary>
/// Code that ran only while a library was loaded. libtorch registers some thousands of operators then and goes through most of its code;
/// those pages would stay mapped to the process, 30 MiB of them, though they are not run again.
/// </summary>
internal static class LoadedCode
{
    private const int DontNeed = 4;

    /// <summary>
    /// Unmaps the code pages of a library; each is mapped again, from memory where the file still is, when it is run the next time. They
    /// are pages that nobody can write, so that nothing is lost.
    /// </summary>
    public static void Forget(string library)
    {
        // By name alone: the kernel tells where a link leads, such as libtorch_cpu.so.2.14.
        var name = "/" + Path.GetFileName(library);
        try
        {
            foreach (var line in File.ReadAllLines("/proc/self/maps"))
                if (line.Contains(name, StringComparison.Ordinal) && line.Split(['-', ' '], 4) is [var first, var last, "r", ['x', ..]])
                    _ = PageMemory.Advise(Address(first), Address(last) - Address(first), DontNeed);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // Without /proc they stay mapped.
        }
    }

    private static nint Address(string hexadecimal) =>
        nint.Parse(hexadecimal, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
