using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>
/// A place that a command writes to. What would be refused after the work, or would harm an input or a file that espalier did not write, is
/// refused before it. Every option that names an output is one of these: a test looks for others.
/// </summary>
internal sealed class OutputOption : Option<string>
{
    internal OutputOption(string name, string description, string form, bool required = false)
        : base(name, name == "--output" ? ["-o"] : [])
    {
        Description = description;
        HelpName = form;
        Required = required;
    }

    /// <summary>
    /// A file to be written, or replaced when the new one is complete and the old one is of the same kind; null where none was asked for.
    /// </summary>
    internal string? File(CommandRun run, OutputKind kind, params IEnumerable<ReadPlace> reads) =>
        run.Get(this) is { } path ? File(run, path, kind, reads) : null;

    /// <summary>The same for a file whose name the command makes of the option's value.</summary>
    internal string File(CommandRun run, string path, OutputKind kind, params IEnumerable<ReadPlace> reads) =>
        Checked(Name, path, kind, reads);

    /// <summary>A file that is named elsewhere than in an option, held against the same things.</summary>
    /// <param name="name">What names it, for messages.</param>
    /// <param name="path">The file.</param>
    /// <param name="kind">What is written.</param>
    /// <param name="reads">What is read.</param>
    internal static string Checked(string name, string path, OutputKind kind, IEnumerable<ReadPlace> reads)
    {
        Named(name, path);
        if (Directory.Exists(path))
            throw new EspalierException($"{name} {path}: is a folder; give a file");
        OutputGuard.Require($"{name} {path}", path, reads);
        OutputGuard.RequireReplaceable($"{name} {path}", path, kind.Name, kind.Is);
        DurableFiles.OnDisk.Sweep(path);
        var parent = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(parent) ? path
            : throw new EspalierException($"{name} {path}: the folder {parent} does not exist; create it first");
    }

    /// <summary>A folder that is to be made: nothing may be there but an empty folder.</summary>
    internal string NewFolder(CommandRun run, params IEnumerable<ReadPlace> reads)
    {
        var path = Checked(run, reads);
        RequireNew(path);
        DurableFiles.OnDisk.Sweep(path);
        return path;
    }

    /// <summary>The same beside <c>FOLDER.run</c>, with which an earlier start of the same command left the folder.</summary>
    internal string FolderWithRun(CommandRun run, params IEnumerable<ReadPlace> reads)
    {
        Named(run.Get(this)!);
        var all = NotOfRun($"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(run.Get(this)!))}.run", reads);
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Checked(run, all)));
        OutputGuard.Require($"{Name} {run.Get(this)}, whose run is in {path}.run", $"{path}.run", all);
        if (!Directory.Exists($"{path}.run"))
            RequireNew(path);
        return path;
    }

    /// <summary>A run folder, new or of an earlier start: it is not, holds not and lies not in what the run reads.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="byDefault">Where the user names none.</param>
    /// <param name="reads">What the run reads.</param>
    internal string RunFolder(CommandRun run, string byDefault, params IEnumerable<ReadPlace> reads)
    {
        var path = run.Get(this) ?? byDefault;
        Named(path);
        OutputGuard.Require(run.Has(this) ? $"{Name} {path}" : $"the run folder {path}", path, NotOfRun(path, reads));
        return path;
    }

    /// <summary>The output as what no other output of the same command may touch.</summary>
    internal IEnumerable<ReadPlace> Place(CommandRun run) => run.Get(this) is { } path ? [new($"the output of {Name}", path)] : [];

    /// <summary>Without what a pattern finds of the run's own files, which the run does not read.</summary>
    private static ReadPlace[] NotOfRun(string folder, IEnumerable<ReadPlace> reads)
    {
        var isOwn = Pipeline.Runs.Folders.RunFolder.OwnFiles(folder);
        return [.. reads.Where(place => !place.IsFound || !isOwn(place.Path))];
    }

    private string Checked(CommandRun run, IEnumerable<ReadPlace> reads)
    {
        var path = run.Get(this)!;
        Named(path);
        OutputGuard.Require($"{Name} {path}", path, reads);
        return path;
    }

    private void RequireNew(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (System.IO.File.Exists(full) || new DirectoryInfo(full).LinkTarget is not null)
            throw new EspalierException($"{Name} {path}: is a file or a link; give a folder that does not exist yet");
        if (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any())
            throw new EspalierException($"{Name} {path}: exists and is not empty; give another folder or remove it");
    }

    private void Named(string path) => Named(Name, path);

    private static void Named(string name, string path)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            throw new EspalierException($"{name} is empty; give a name");
    }
}
