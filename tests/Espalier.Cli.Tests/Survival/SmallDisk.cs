using System.Diagnostics;

namespace Espalier.Cli.Tests.Survival;

/// <summary>A file system in memory of a given size, mounted while it lives.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>Why none can be mounted here; null where it can.</summary>
    public static string? Refusal { get; } = Try();

    public static SmallDisk Mount(string path, string size)
    {
        Directory.CreateDirectory(path);
        return Do("mount", "-t", "tmpfs", "-o", $"size={size}", "espalier-test", path) is { } refusal ? throw new IOException(refusal)
            : new(path);
    }

    public void Dispose()
    {
        if (Do("umount", Path) is { } refusal)
            throw new IOException(refusal);
    }

    private static string? Try()
    {
        var folder = Directory.CreateTempSubdirectory("espalier-mount-").FullName;
        try
        {
            Mount(folder, "64k").Dispose();
            return null;
        }
        catch (IOException error)
        {
            return error.Message;
        }
        finally
        {
            Directory.Delete(folder);
        }
    }

    private static string? Do(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : error.ReplaceLineEndings(" ").Trim();
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return error.Message;
        }
    }
}

/// <summary>A fact that mounts a file system: skipped, with the reason, where that is not allowed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (SmallDisk.Refusal is { } refusal)
            Skip = $"needs to mount a file system: {refusal}";
    }
}

/// <summary>The same with data.</summary>
internal sealed class MountTheoryAttribute : TheoryAttribute
{
    public MountTheoryAttribute()
    {
        if (SmallDisk.Refusal is { } refusal)
            Skip = $"needs to mount a file system: {refusal}";
    }
}
