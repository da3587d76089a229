using System.Text.RegularExpressions;

namespace Espalier.Files;

/// <summary>
/// A folder for what only this command needs, in the system's place for temporary files or beside an output. Disposing deletes it; what a
/// killed program left goes when the next one begins a folder, or writes that output: no living one holds it then.
/// </summary>
internal sealed partial class ScratchFolder : IDisposable
{
    private const string Prefix = "espalier.tmp-";

    /// <summary>A folder is not held at the instant in which it is made.</summary>
    private static readonly TimeSpan s_young = TimeSpan.FromMinutes(1);

    private readonly DurableFiles _files;
    private readonly IDisposable? _held;

    private ScratchFolder(DurableFiles files, string path) => (_files, Path, _held) = (files, path, DurableFiles.Hold(path));

    /// <summary>Full path.</summary>
    public string Path { get; }

    /// <summary>Makes one.</summary>
    /// <exception cref="EspalierException">There is no room, or it may not be made there.</exception>
    public static ScratchFolder Begin()
    {
        var (files, place) = (DurableFiles.OnDisk, System.IO.Path.GetTempPath());
        Sweep(files, place, DateTime.UtcNow);
        return DurableOutput.Guard(place, () => new ScratchFolder(files, files.Layer.CreateScratchFolder(Prefix)));
    }

    /// <summary>Makes one beside an output, on its disk, under a name that <see cref="DurableFiles.Sweep"/> of the output knows.</summary>
    /// <exception cref="EspalierException">There is no room, or it may not be made there.</exception>
    public static ScratchFolder Beside(string output)
    {
        var (files, place) =
            (DurableFiles.OnDisk, Leftovers.NameFor(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(output))));
        return DurableOutput.Guard(output, () =>
        {
            files.EnsureFolder(System.IO.Path.GetDirectoryName(place)!);
            files.Layer.CreateFolder(place);
            return new ScratchFolder(files, place);
        });
    }

    public void Dispose()
    {
        _files.TryDelete(Path);
        _held?.Dispose();
    }

    /// <summary>Deletes what killed programs left in a place.</summary>
    internal static void Sweep(DurableFiles files, string place, DateTime now)
    {
        try
        {
            foreach (var folder in new DirectoryInfo(place).EnumerateDirectories(Prefix + "*"))
                if (Name().IsMatch(folder.Name) && folder.LinkTarget is null
                    && now - folder.CreationTimeUtc > s_young)
                    files.TryDeleteUnheld(folder.FullName);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A place that cannot be listed: making a folder in it will say so.
        }
    }

    [GeneratedRegex(@"\Aespalier\.tmp-[A-Za-z0-9]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
