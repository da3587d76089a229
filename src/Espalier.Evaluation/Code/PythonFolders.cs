using System.ComponentModel;
using System.Diagnostics;

namespace Espalier.Evaluation.Code;

/// <summary>The Python that programs are run by, and what of the disk it needs.</summary>
/// <param name="Folders">What it reads: its own folder, the system's libraries.</param>
internal sealed record PythonFolders(string Program, IReadOnlyList<string> Folders)
{
    private const string Question =
        "import os, sys; print(os.path.realpath(sys.executable)); print(os.path.realpath(sys.base_prefix)); "
            + "print(os.path.realpath(sys.base_exec_prefix)); print(sys.version_info[0])";

    private static readonly string[] s_system =
    [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives",
        "/dev/null", "/dev/zero", "/dev/urandom",
    ];

    /// <summary>Asks <c>python3</c>.</summary>
    /// <exception cref="EspalierException">It is not there, or its folder is one that no program may see whole.</exception>
    public static PythonFolders Find()
    {
        var start = new ProcessStartInfo("python3", ["-I", "-c", Question]) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] lines;
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            process.WaitForExit();
            if (process.ExitCode != 0 || lines.Length != 4)
                throw new EspalierException("programs cannot run: python3 says: "
                    + $"{OneLine.Clipped(errors.GetAwaiter().GetResult().Trim())}");
        }
        catch (Win32Exception error)
        {
            throw new EspalierException($"programs cannot run: python3 cannot be started ({error.Message}); install Python 3", error);
        }
        if (lines[3] != "3")
            throw new EspalierException($"programs cannot run: python3 is Python {lines[3]}; install Python 3");
        string[] own = [.. lines[..3].Select((path, i) => i == 0 ? Path.GetDirectoryName(path)! : path).Distinct()
            .Where(path => !s_system.Any(system => IsWithin(path, system)))];
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        foreach (var path in own)
            if (home.Length > 0 && IsWithin(home, path))
                throw new EspalierException(
                    $"programs cannot run: python3 is installed in {path}, which would expose the home folder to them; install it "
                        + "elsewhere");
        return new(lines[0],
            [.. s_system.Where(Path.Exists), .. own.Where(path => !own.Any(other => other != path && IsWithin(path, other)))]);
    }

    /// <summary>Whether a path is a folder or lies in it.</summary>
    public static bool IsWithin(string path, string folder) =>
        path == folder || path.StartsWith(folder.TrimEnd('/') + '/', StringComparison.Ordinal);
}
