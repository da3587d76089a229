namespace Espalier.Pipeline.Runs.Results;

/// <summary>
/// The page about a model that stands in its folder and that the Hub shows: the program's as long as nobody has changed it.
/// </summary>
internal static class ModelCardFile
{
    /// <summary>The file's name in the model's folder.</summary>
    public const string Name = "README.md";

    /// <summary>Whether something has that name that the program did not write, or that was changed since.</summary>
    public static bool IsForeign(string path) => Path.Exists(path) && !SealedText.IsIntact(path);

    /// <summary>The hash of a model's folder, whatever its card says.</summary>
    public static string HashOfModel(string folder) => ContentHash.OfFolderExcept(folder, Name);

    /// <summary>Takes a page of somebody's own along from a folder that is about to be replaced; nothing where there is none.</summary>
    /// <param name="old">The folder, or whatever is in its place.</param>
    /// <param name="made">What takes its place.</param>
    /// <param name="files">Writes.</param>
    public static void Keep(string old, string made, DurableFiles files)
    {
        var page = Path.Combine(old, Name);
        if (!Directory.Exists(made) || !IsForeign(page) || PathKind.Odd(page) is not null)
            return;
        using var source = File.OpenRead(page);
        files.WriteFile(Path.Combine(made, Name), source.CopyTo);
    }

    /// <summary>
    /// Puts such a page back where a start was killed between taking the old folder away and putting the new one there: the folder then has
    /// it alone.
    /// </summary>
    /// <param name="place">The folder in which outputs were made.</param>
    /// <param name="output">The first of them.</param>
    /// <param name="files">Writes.</param>
    /// <exception cref="IOException">The disk refused; the page is where it was.</exception>
    public static void Rescue(string place, string output, DurableFiles files)
    {
        var isFree = !File.Exists(output) && (!Directory.Exists(output) || !Directory.EnumerateFileSystemEntries(output).Any());
        if (!isFree || !Directory.Exists(place))
            return;
        foreach (var model in Directory.EnumerateDirectories(place))
            if (Path.Combine(model, Name) is var page && IsForeign(page) && PathKind.Odd(page) is null)
            {
                files.EnsureFolder(output);
                files.Layer.Rename(page, Path.Combine(output, Name));
                files.Layer.SyncFolder(output);
                return;
            }
    }

    /// <summary><see cref="Rescue"/>, and whether it came to its end.</summary>
    public static bool TryRescue(string place, string output, DurableFiles files)
    {
        try
        {
            Rescue(place, output, files);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
