using System.Text;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Runs.Folders;

/// <summary>
/// What this run may replace or delete outside its stages: what <c>run.json</c>, or the record of an export, vouches for, and
/// nothing else. Outputs are entered before they get their name, so that a run that is killed in between knows its own again.
/// </summary>
internal sealed class OutputLedger
{
    /// <summary>What early builds wrote at the top of every run folder without a record of it.</summary>
    private static readonly string[] s_unrecorded = ["recipe.yaml", "report.html"];

    private readonly string _folder;
    private readonly List<RunOutput> _outputs;
    private readonly List<string> _unfinished;

    /// <summary>Reads the records. Changes nothing and needs no lock.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="manifest">Its <c>run.json</c>; null where there is none.</param>
    public OutputLedger(string folder, RunManifest? manifest)
    {
        _folder = Path.GetFullPath(folder);
        _unfinished = [.. manifest?.Unfinished ?? []];
        _outputs = [.. manifest?.Outputs ?? []];
        if (manifest is { Outputs: null })
            foreach (var path in s_unrecorded.Select(name => Path.Combine(_folder, name)).Where(IsOfEarlyBuild))
                _outputs.Add(new(NameOf(path), [FactOf(path)]));
    }

    /// <summary>The manifest with what the ledger holds.</summary>
    public RunManifest Enter(RunManifest manifest) => manifest with { Outputs = [.. _outputs], Unfinished = [.. _unfinished] };

    /// <summary>Enters an output as it will be; what was vouched for before stays so until <see cref="Settle"/>.</summary>
    public void Add(string path, IReadOnlyList<FileFact> files) => _outputs.Add(new(NameOf(path), files));

    /// <summary>The output is in its place: what it replaced is vouched for no longer.</summary>
    public void Settle(string path)
    {
        var name = NameOf(path);
        if (_outputs.FindLastIndex(output => output.Path == name) is >= 0 and var last)
        {
            var now = _outputs[last];
            _outputs.RemoveAll(output => output.Path == name && output != now);
        }
    }

    /// <summary>Enters a folder in which outputs are made, before it is created.</summary>
    public void Begin(string path) => _unfinished.Add(NameOf(path));

    /// <summary>That folder is gone.</summary>
    public void End(string path) => _unfinished.Remove(NameOf(path));

    /// <summary>Full paths of what interrupted starts left unfinished; a name that this program does not give is not believed.</summary>
    public IEnumerable<string> Unfinished() =>
        _unfinished.Where(name => Leftovers.Is(Path.GetFileName(name))).Select(name => Path.GetFullPath(name, _folder));

    /// <summary>Whether a path is one of the outputs, or lies in one.</summary>
    public bool Holds(string path)
    {
        var name = NameOf(path);
        return _outputs.Any(output => name == output.Path || name.StartsWith(output.Path + "/", StringComparison.Ordinal))
            || _unfinished.Any(unfinished => name.StartsWith(unfinished + "/", StringComparison.Ordinal));
    }

    /// <summary>Refuses to replace what no record of this run vouches for.</summary>
    /// <exception cref="EspalierException">The file that is not this run's, or was changed, is named.</exception>
    public void Require(params IReadOnlyList<string> paths)
    {
        string[] problems = [.. paths.Select(path => Problem(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)))).OfType<string>()];
        if (problems.Length > 0)
            throw new EspalierException($"{string.Join("; ", problems)}; the run would write there: move "
                + $"{(problems.Length == 1 ? "it" : "them")} away, or choose another output folder");
    }

    private string? Problem(string path)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            return $"{path} is a link to {target}, which this run did not make";
        var name = NameOf(path);
        if (Directory.Exists(path))
            return ProblemOfFolder(path, name);
        if (PathKind.Odd(path) is { } odd)
            return $"{path} {odd}, which this run did not make";
        if (!File.Exists(path))
            return Path.GetDirectoryName(path) is { } parent && File.Exists(parent) ? $"{parent} is a file where a folder is needed" : null;
        if (Unreadable(path) is { } denied)
            return denied;
        var vouched = _outputs.Where(output => output.Path == name).SelectMany(output => output.Files).ToArray();
        if (vouched.Any(fact => fact.Problem(Path.GetDirectoryName(path)!, hash: true) is null) || IsExported(path))
            return null;
        return vouched.Length > 0 ? $"{path} was changed since this run wrote it" : $"{path} was not written by this run";
    }

    private string? ProblemOfFolder(string path, string name)
    {
        string[] there = [.. Names(new DirectoryInfo(path), "")];
        if (there.Length == 0)
            return null;
        var vouched = _outputs.Where(output => output.Path == name).SelectMany(output => output.Files).ToLookup(fact => fact.Name);
        string? first = null;
        foreach (var file in there)
        {
            // Never replaced, unless it is a card that this program wrote: see RunFolder.Publish.
            if (file == ModelCardFile.Name && PathKind.Odd(Path.Combine(path, file)) is null
                || vouched[file].Any(fact => fact.Problem(path, hash: true) is null))
                continue;
            first = Unreadable(Path.Combine(path, file)) is { } denied ? denied : $"{Path.Combine(path, file)} was "
                + $"{(vouched.Contains(file) ? "changed since this run wrote it" : "not written by this run")}";
            break;
        }
        if (first is null)
            return null;
        return there.All(file => Unreadable(Path.Combine(path, file)) is null) && IsExported(path) ? null : first;
    }

    /// <summary>That a file may not be read, for then nothing else can be said of it; null where it may, or is no file.</summary>
    public static string? Unreadable(string path)
    {
        try
        {
            if (File.Exists(path) && PathKind.Odd(path) is null)
                File.OpenHandle(path, share: FileShare.ReadWrite).Dispose();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be read ({DiskFull.Cause(error)}): make it readable (chmod u+rw)";
        }
    }

    /// <summary>
    /// Whether the record of an export says that it left exactly this there: early builds kept no other, and <c>run.json</c> may have
    /// been deleted. It is then entered, for that record goes when the export is done again.
    /// </summary>
    private bool IsExported(string path)
    {
        var stages = Path.Combine(_folder, RunLayout.Stages);
        if (!Directory.Exists(stages))
            return false;
        foreach (var stage in Directory.EnumerateDirectories(stages, "export-*"))
        {
            if (Leftovers.Is(Path.GetFileName(stage)) || Perhaps.Of(() => StageRecord.Read(stage)) is not { } record
                || (string?)record.Options?["folder"] is not { } exported)
                continue;
            var folder = Path.GetFullPath(exported, _folder);
            var stated = (string?)(path == folder ? record.Result["folder"]
                : Path.GetDirectoryName(path) == Path.GetDirectoryName(folder) ? record.Result[Path.GetFileName(path)] : null);
            if (stated is null || stated != (Directory.Exists(path) ? ModelCardFile.HashOfModel(path) : ContentHash.OfFile(path)))
                continue;
            Add(path, FactsOf(path));
            return true;
        }
        return false;
    }

    /// <summary>Every file of an output that was made, with its hash; links are not made by any run.</summary>
    public static IReadOnlyList<FileFact> FactsOf(string path) => !Directory.Exists(path)
        ? [FactOf(path)]
        : [.. Names(new DirectoryInfo(path), "").Select(name => FactOf(Path.Combine(path, name)) with { Name = name })];

    private static FileFact FactOf(string path) => new(Path.GetFileName(path), new FileInfo(path).Length, ContentHash.OfFile(path));

    /// <summary>Names of all files and links below.</summary>
    private static IEnumerable<string> Names(DirectoryInfo folder, string prefix) =>
        folder.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal).SelectMany(entry =>
            entry is DirectoryInfo { LinkTarget: null } inner ? Names(inner, $"{prefix}{entry.Name}/") : [prefix + entry.Name]);

    /// <summary>Whether a file is what early builds wrote: the recipe, which every start wrote, or a report, known by its head.</summary>
    private static bool IsOfEarlyBuild(string path)
    {
        if (!File.Exists(path) || PathKind.Odd(path) is not null)
            return false;
        if (Path.GetFileName(path) == "recipe.yaml")
            return true;
        using var file = File.OpenRead(path);
        var head = new byte[1024];
        var count = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(head, 0, count).Contains("\u00b7 Espalier</title>", StringComparison.Ordinal);
    }

    private string NameOf(string path) =>
        Path.GetRelativePath(_folder, Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))).Replace('\\', '/');
}
