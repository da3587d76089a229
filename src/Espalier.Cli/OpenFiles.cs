using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Cli;

/// <summary>Whether the process may open as many files as the program and its libraries are.</summary>
/// <remarks>Needs nothing but .NET itself: with too few, no other assembly can be loaded, and .NET names a wrong cause.</remarks>
internal static class OpenFiles
{
    private const int Fewest = 100;

    /// <summary>Says it where it may not; false where it may, or the system does not say.</summary>
    internal static bool AreTooFew()
    {
        if (Problem() is not { } problem)
            return false;
        // Not by the console, which opens files of its own.
        using var stderr = new FileStream(new SafeFileHandle(2, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        stderr.Write(Encoding.UTF8.GetBytes($"espalier: error: {problem}\n"));
        return true;
    }

    private static string? Problem()
    {
        const string limits = "/proc/self/limits", name = "Max open files";
        if (!OperatingSystem.IsLinux() || !File.Exists(limits))
            return null;
        foreach (var line in File.ReadAllLines(limits))
            if (line.StartsWith(name, StringComparison.Ordinal)
                && int.TryParse(line[name.Length..].TrimStart().Split(' ')[0], CultureInfo.InvariantCulture, out var most) && most < Fewest)
                return $"only {most} files may be open at once, and at least {Fewest} are needed; raise that, as with ulimit -n 1024";
        return null;
    }
}
